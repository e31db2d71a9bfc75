"""What Cloche's configuration says of registries."""

from __future__ import annotations

import time

import pytest

from cloche.config import read_settings
from cloche.errors import ImageError, InvalidSpec
from cloche.images.registry.config import Patience, read_registry_config
from cloche.images.registry.hosts import api_host, is_loopback, without_port
from cloche.images.registry.retries import Attempts, Transient, retrying, seconds_of


@pytest.fixture
def said(tmp_path):
    """Reads a configuration."""

    def read(text):
        file = tmp_path / "config.toml"
        file.write_text(text)
        return read_registry_config({"CLOCHE_CONFIG": str(file)})

    return read


def test_hosts_and_mirrors_are_read(said):
    found = said(
        'runtime = "x"\n[registries]\ninsecure = ["a:5000", "b"]\n'
        '[registries.mirrors]\n"docker.io" = ["m:1", "n"]\n'
    )
    assert found.insecure == {"a:5000", "b"}
    assert found.mirrors == {"docker.io": ("m:1", "n")}


def test_nothing_said_is_nothing_insecure():
    found = read_registry_config({"CLOCHE_CONFIG": ""})
    assert (found.insecure, found.mirrors) == (frozenset(), {})


def test_the_other_settings_are_read_as_before(tmp_path):
    file = tmp_path / "config.toml"
    file.write_text('runtime = "fake"\n[registries]\ninsecure = ["a"]\n')
    assert read_settings({"CLOCHE_CONFIG": str(file)}).runtime == "fake"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("registries = 5", "registries"),
        ("[registries]\nx = 1", "registries.x"),
        ('[registries]\ninsecure = "a"', "registries.insecure"),
        ("[registries]\ninsecure = [1]", "registries.insecure"),
        ('[registries]\ninsecure = ["http://a"]', "registries.insecure"),
        ('[registries]\nmirrors = ["a"]', "registries.mirrors"),
        ('[registries.mirrors]\na = "b"', "registries.mirrors.a"),
        ('[registries.mirrors]\na = [""]', "registries.mirrors.a"),
    ],
)
def test_what_is_wrong_is_named(said, text, key):
    with pytest.raises(InvalidSpec) as caught:
        said(text)
    assert caught.value.path == key


def test_loopback_is_this_machine_and_nothing_else():
    for host in ("localhost", "localhost:5000", "127.0.0.1", "127.8.9.1:80", "[::1]:5000", "[::1]"):
        assert is_loopback(host)
    for host in ("example.com", "localhost.example.com", "128.0.0.1", "[::2]", "127.0.0.1.nip.io"):
        assert not is_loopback(host)
    assert without_port("[::1]:5000") == "::1"


def test_dockers_registry_answers_elsewhere():
    assert (api_host("docker.io"), api_host("ghcr.io")) == ("registry-1.docker.io", "ghcr.io")


class TestAttempts:
    def test_progress_makes_failures_count_anew(self):
        attempts = Attempts(Patience(attempts=2, back_off=0))
        failure = Transient(ImageError("no"))
        for _ in range(5):
            attempts.failed(failure)
            attempts.progressed()
        attempts.failed(failure)
        with pytest.raises(ImageError):
            attempts.failed(failure)

    def test_only_what_may_pass_is_tried_again(self):
        tried = []

        def fail():
            tried.append(1)
            raise ImageError("for good")

        with pytest.raises(ImageError):
            retrying(Patience(), fail)
        assert len(tried) == 1

    def test_a_date_to_wait_for_is_a_number_of_seconds(self):
        in_a_minute = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
        found = seconds_of(in_a_minute)
        assert found is not None
        assert 50 < found <= 60
        assert seconds_of("Mon, 01 Jan 2001 00:00:00 GMT") == 0
        assert seconds_of("120") == 120
        assert [seconds_of(text) for text in (None, "", "soon", "-5", "1e9")] == [None] * 5
