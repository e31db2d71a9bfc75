"""Credentials are found where docker and podman keep them, and kept so that they find ours."""

from __future__ import annotations

import base64
import json
import os
import stat

import pytest

from cloche.errors import InvalidSpec, Unavailable
from cloche.images.registry import credential_files as files
from cloche.images.registry.credential_helpers import Helper
from cloche.images.registry.credentials import Credentials, find_credentials
from cloche.images.registry.login import keep, log_in, log_out

ANN = Credentials(username="ann", password="a:secret")


def encoded(user, password):
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def docker(home):
    """Writes docker's file."""
    return lambda content: write(home / ".docker/config.json", content)


class TestFinding:
    @pytest.mark.parametrize(
        "key",
        [
            "host.lan:5000",
            "https://host.lan:5000",
            "http://host.lan:5000/v1/",
            "https://host.lan:5000/v2/",
        ],
    )
    def test_a_registry_has_several_names(self, docker, key):
        docker({"auths": {key: encoded("ann", "a:secret")}})
        assert find_credentials("host.lan:5000", "any/thing") == ANN
        assert find_credentials("host.lan") is None

    @pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io"])
    def test_dockers_own_has_more(self, docker, key):
        docker({"auths": {key: encoded("ann", "a:secret")}})
        assert find_credentials("docker.io", "library/alpine") == ANN

    def test_the_longest_name_that_fits_counts(self, docker):
        names = ("host.lan", "host.lan/owner", "host.lan/owner/name", "host.lan/own")
        docker({"auths": {name: encoded(name, "x") for name in names}})
        for repository, name in (
            ("owner/name", "host.lan/owner/name"),
            ("owner/name2", "host.lan/owner"),
            ("other/name", "host.lan"),
        ):
            found = find_credentials("host.lan", repository)
            assert found is not None
            assert found.username == name

    def test_tokens_are_found_as_well(self, docker):
        docker({"auths": {"a": {"identitytoken": "i"}, "b": {"registrytoken": "r"}}})
        assert find_credentials("a") == Credentials(identity_token="i")
        assert find_credentials("b") == Credentials(registry_token="r")

    def test_entries_without_anything_say_nothing(self, docker):
        docker({"auths": {"host.lan": {}, "https://host.lan": None, "https://host.lan/v1/": []}})
        assert find_credentials("host.lan") is None

    def test_what_the_environment_names_comes_first(self, docker, tmp_path, monkeypatch):
        docker({"auths": {"host.lan": encoded("docker", "x")}})
        places = {
            "XDG_RUNTIME_DIR": tmp_path / "run/containers/auth.json",
            "DOCKER_CONFIG": tmp_path / "docker/config.json",
            "REGISTRY_AUTH_FILE": tmp_path / "auth.json",
        }
        values = (tmp_path / "run", tmp_path / "docker", tmp_path / "auth.json")
        for (name, path), value in zip(places.items(), values, strict=True):
            write(path, {"auths": {"host.lan": encoded(name, "x")}})
            monkeypatch.setenv(name, str(value))
            found = find_credentials("host.lan")
            assert found is not None
            assert found.username == name

    @pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"auths": []}', "[" * 10_000])
    def test_a_file_that_is_none_is_named_and_not_shown(self, docker, content):
        path = docker(content)
        if content == "":
            assert find_credentials("host.lan") is None
            return
        with pytest.raises(InvalidSpec, match=str(path).replace("\\", ".")):
            find_credentials("host.lan")

    @pytest.mark.parametrize("auth", ["%%%secret", "c2VjcmV0", "/////w=="])
    def test_an_entry_that_is_none_is_named_and_not_shown(self, docker, auth):
        docker({"auths": {"host.lan": {"auth": auth}}})
        with pytest.raises(InvalidSpec, match=r'auths\["host\.lan"\]\.auth') as caught:
            find_credentials("host.lan")
        assert auth not in str(caught.value)
        assert "secret" not in str(caught.value)


class TestKeeping:
    def test_what_is_kept_is_found_and_forgotten(self, home):
        keep("host.lan", ANN)
        keep("docker.io", ANN)
        assert find_credentials("host.lan") == find_credentials("docker.io") == ANN
        kept = json.loads((home / ".docker/config.json").read_text())
        assert set(kept["auths"]) == {"host.lan", "https://index.docker.io/v1/"}
        assert log_out("host.lan")
        assert find_credentials("host.lan") is None
        assert find_credentials("docker.io") == ANN
        assert not log_out("host.lan")

    def test_everything_else_in_the_file_stays(self, docker):
        path = docker({"proxies": {"a": 1}, "auths": {"other.lan": encoded("o", "x")}, "x": [None]})
        keep("host.lan", ANN)
        log_out("host.lan")
        kept = json.loads(path.read_text())
        assert kept == {"proxies": {"a": 1}, "auths": {"other.lan": encoded("o", "x")}, "x": [None]}

    def test_another_spelling_is_replaced(self, docker):
        path = docker({"auths": {"https://host.lan/v1/": encoded("old", "x")}})
        keep("host.lan", ANN)
        assert list(json.loads(path.read_text())["auths"]) == ["host.lan"]

    def test_it_is_forgotten_wherever_it_was_found(self, docker, tmp_path, monkeypatch):
        docker({"auths": {"host.lan": encoded("ann", "x")}})
        path = write(tmp_path / "auth.json", {"auths": {"host.lan": encoded("ann", "x")}})
        monkeypatch.setenv("REGISTRY_AUTH_FILE", str(path))
        assert log_out("host.lan")
        assert find_credentials("host.lan") is None

    def test_only_this_user_can_read_it(self, docker):
        path = docker({})
        path.chmod(0o644)
        keep("host.lan", ANN)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [each.name for each in path.parent.iterdir()] == ["config.json"]

    def test_a_file_that_is_kept_elsewhere_stays_there(self, home, tmp_path):
        real = write(tmp_path / "dotfiles/config.json", {"a": 1})
        (home / ".docker").mkdir()
        (home / ".docker/config.json").symlink_to(real)
        keep("host.lan", ANN)
        assert (home / ".docker/config.json").is_symlink()
        assert json.loads(real.read_text())["a"] == 1
        assert find_credentials("host.lan") == ANN

    def test_what_a_killed_one_left_is_no_hindrance(self, docker):
        path = docker({})
        write(path.with_name("config.json.part"), "half")
        keep("host.lan", ANN)
        assert find_credentials("host.lan") == ANN
        assert os.listdir(path.parent) == ["config.json"]

    def test_a_damaged_file_is_not_overwritten(self, docker):
        path = docker("{ damaged")
        with pytest.raises(InvalidSpec):
            keep("host.lan", ANN)
        assert path.read_text() == "{ damaged"

    def test_many_at_once_lose_nothing(self, docker):
        from concurrent.futures import ThreadPoolExecutor

        path = docker({})
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: keep(f"host{n}.lan", ANN), range(24)))
        assert len(json.loads(path.read_text())["auths"]) == 24

    def test_the_place_is_the_one_that_the_environment_names(self):
        assert files.own_place({"REGISTRY_AUTH_FILE": "a", "DOCKER_CONFIG": "b"}) == "a"
        assert files.own_place({"DOCKER_CONFIG": "b"}) == os.path.join("b", "config.json")
        own = os.path.join("h", ".docker", "config.json")
        assert files.own_place({"HOME": "h"}) == own


#: A helper program that keeps secrets in a file beside it, and notes its arguments.
HELPER = """#!/bin/sh
here=$(dirname "$0"); echo "$@" >>"$here/arguments"
case $1 in
store) cat >"$here/kept" ;;
get) read -r server
    [ -e "$here/kept" ] && exec cat "$here/kept"
    echo "credentials not found in native keychain"; exit 1 ;;
erase) read -r server; rm "$here/kept" 2>/dev/null && exit 0
    echo "credentials not found in native keychain"; exit 1 ;;
esac
"""


@pytest.mark.parametrize(
    "registry", ["", "a b", "host", "a/b", "-", "host.lan/owner", "h\0.lan", "é.lan"]
)
def test_what_is_no_registry_is_refused_before_anybody_is_asked(registry, home):
    for act in (lambda: log_in(registry, "ann", "x"), lambda: log_out(registry)):
        with pytest.raises(InvalidSpec, match="no registry"):
            act()
    assert os.listdir(home) == []


@pytest.mark.parametrize(("user", "password"), [("", "x"), ("ann", ""), ("a:n", "x")])
def test_what_can_be_no_user_is_refused(user, password):
    with pytest.raises(InvalidSpec, match="without colon"):
        log_in("host.lan", user, password)


class TestHelpers:
    @pytest.fixture
    def programs(self, tmp_path, monkeypatch):
        """A folder of programs that is searched first."""
        folder = tmp_path / "bin"
        folder.mkdir()
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

        def install(name, text=HELPER):
            program = folder / f"docker-credential-{name}"
            program.write_text(text)
            program.chmod(0o755)
            return folder

        return install

    @pytest.mark.parametrize(
        "content", [{"credsStore": "tests"}, {"credHelpers": {"host.lan": "tests"}}]
    )
    def test_it_keeps_gives_and_forgets(self, programs, docker, content):
        folder = programs("tests")
        path = docker(content)
        keep("host.lan", ANN)
        assert "a:secret" not in path.read_text()
        assert json.loads(path.read_text())["auths"] == {"host.lan": {}}
        assert find_credentials("host.lan", "some/thing") == ANN
        assert log_out("host.lan")
        assert find_credentials("host.lan") is None
        assert not log_out("host.lan")
        assert set((folder / "arguments").read_text().split()) == {"store", "get", "erase"}

    def test_one_for_a_registry_comes_before_the_one_for_all(self, programs, docker):
        told = '{"Username": "%s", "Secret": "x"}'
        for name in ("own", "all"):
            programs(name, f"#!/bin/sh\necho '{told % name}'\n")
        docker({"credsStore": "all", "credHelpers": {"https://host.lan": "own"}})
        assert [find_credentials(each).username for each in ("host.lan", "other.lan")] == [
            "own",
            "all",
        ]

    def test_a_token_is_told_from_a_password(self, programs, docker):
        programs("tests", """#!/bin/sh\necho '{"Username": "<token>", "Secret": "t"}'\n""")
        docker({"credsStore": "tests"})
        assert find_credentials("host.lan") == Credentials(identity_token="t")

    def test_what_a_helper_does_not_have_the_file_may(self, programs, docker):
        programs("tests")
        docker({"credsStore": "tests", "auths": {"host.lan": encoded("ann", "a:secret")}})
        assert find_credentials("host.lan") == ANN

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("exit 3", "failed"),
            ("echo no keychain; exit 1", "no keychain"),
            ("echo '[]'", "its answer is none"),
            ("echo '{}'", "its answer is none"),
            ("echo garbage", "its answer is none"),
        ],
    )
    def test_one_that_fails_is_named(self, programs, docker, text, what):
        programs("tests", f"#!/bin/sh\n{text}\n")
        docker({"credsStore": "tests"})
        with pytest.raises(Unavailable, match=f"docker-credential-tests get: {what}"):
            find_credentials("host.lan")

    def test_one_that_hangs_is_ended(self, programs):
        programs("tests", "#!/bin/sh\nexec sleep 60\n")
        with pytest.raises(Unavailable, match="TimeoutExpired"):
            Helper("tests", timeout=0.2).get("host.lan")

    def test_one_that_repeats_the_secret_is_not_quoted(self, programs):
        programs("tests", "#!/bin/sh\ncat\nexit 1\n")
        with pytest.raises(Unavailable) as caught:
            Helper("tests").store("host.lan", "ann", "verysecret")
        assert "verysecret" not in f"{caught.value} {caught.value!r}"

    def test_one_that_is_missing_is_named(self, docker):
        docker({"credsStore": "missing"})
        with pytest.raises(Unavailable, match="docker-credential-missing is not installed"):
            find_credentials("host.lan")

    @pytest.mark.parametrize("name", ["../../bin/sh", "a/b", "", 5, "a b", "-x", ["a"], "a\0"])
    def test_what_is_no_name_is_never_run(self, docker, name):
        docker({"credHelpers": {"host.lan": name}})
        with pytest.raises(InvalidSpec, match="credHelpers"):
            find_credentials("host.lan")
