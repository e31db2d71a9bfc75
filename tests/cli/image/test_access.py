"""``cloche login`` and ``logout``: a password is asked for, and nobody else ever sees it."""

from __future__ import annotations

import base64
import json
import os
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from registries.passwords import write_passwords
from registries.server import DockerRegistry

USER, PASSWORD = "somebody", "correct horse battery"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[str]:
    """A registry that knows one user."""
    folder = tmp_path_factory.mktemp("guarded")
    passwords = write_passwords(folder / "passwords", {USER: PASSWORD})
    with DockerRegistry(folder / "registry", passwords=passwords) as started:
        yield started.host


@pytest.fixture
def config(tmp_path) -> Path:
    return tmp_path / "docker"


@pytest.fixture
def login(cloche, config, guarded) -> Callable[..., object]:
    def run(*words: str, input: str = PASSWORD, **more: str) -> object:
        return cloche("login", *words, guarded, input=input, DOCKER_CONFIG=str(config), **more)

    return run


@pytest.fixture
def logged_in(login) -> None:
    assert login("-u", USER, "--password-stdin").code == 0


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_password_is_read_from_stdin(login, guarded, end):
    said = login("-u", USER, "--password-stdin", input=PASSWORD + end)
    assert said == (0, f"logged in to {guarded} as {USER}\n", "")


def test_what_was_told_is_used_from_then_on(cloche, logged_in, config, guarded, here):
    target = f"{guarded}/private/hello:1"
    refused = cloche("push", "-q", here, target)
    assert refused.code == 125
    assert guarded in refused.err
    assert cloche("push", "-q", here, target, DOCKER_CONFIG=str(config)).code == 0
    elsewhere = str(config / "root")
    told = {"DOCKER_CONFIG": str(config), "CLOCHE_ROOT": elsewhere}
    assert cloche("run", "-q", target, **told) == (0, "hello\n", "")


def test_a_wrong_password_is_not_kept_and_not_repeated(login, config, guarded):
    said = login("-u", USER, "--password-stdin", input="hunter2hunter2")
    assert (said.code, said.out) == (125, "")
    assert guarded in said.err
    assert "hunter2" not in said.err
    assert not (config / "config.json").exists()
    debugged = login("--debug", "-u", USER, "--password-stdin", input="hunter2hunter2")
    assert "hunter2" not in debugged.err
    assert base64.b64encode(f"{USER}:hunter2hunter2".encode()).decode() not in debugged.err


def test_what_is_kept_is_its_owners_alone(logged_in, config, guarded):
    file = config / "config.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert guarded in json.loads(file.read_text())["auths"]


def test_logging_out_forgets(cloche, logged_in, config, guarded):
    said = cloche("logout", guarded, DOCKER_CONFIG=str(config))
    assert said == (0, f"logged out of {guarded}\n", "")
    assert guarded not in json.loads((config / "config.json").read_text()).get("auths", {})


@pytest.mark.parametrize("words", [["-p", "secret"], ["-psecret"], ["--password=secret"]])
def test_a_password_that_was_typed_is_refused(login, config, words):
    said = login("-u", USER, *words)
    assert (said.code, said.out) == (125, "")
    assert said.err.splitlines()[0] == "cloche: -p: every process list shows it"
    assert said.err.splitlines()[1].startswith("hint: --password-stdin")
    assert "secret" not in said.err
    assert not config.exists()


@pytest.mark.parametrize(
    ("words", "input", "message"),
    [
        (["--password-stdin"], PASSWORD, "--password-stdin: it needs --username beside it"),
        (["-u", USER, "--password-stdin"], "", "--password-stdin: there is none"),
        (["-u", USER], "", "login: stdin is not a terminal, so nobody can be asked"),
    ],
)
def test_what_is_missing_is_told(login, words, input, message):
    said = login(*words, input=input)
    assert (said.code, said.out) == (125, "")
    assert said.err.splitlines()[0] == f"cloche: {message}"


HELPER = """#!/bin/sh
echo "$1" >> {log}
cat >> {log}
echo >> {log}
"""


def test_a_credential_helper_keeps_it_instead(login, config, tmp_path, guarded):
    """It is told by its stdin: the file that others read holds nothing of it."""
    log, helper = tmp_path / "log", tmp_path / "bin" / "docker-credential-mine"
    helper.parent.mkdir()
    helper.write_text(HELPER.format(log=log))
    helper.chmod(0o755)
    config.mkdir()
    (config / "config.json").write_text(json.dumps({"credsStore": "mine"}))
    path = f"{helper.parent}:{os.environ['PATH']}"
    assert login("-u", USER, "--password-stdin", PATH=path).code == 0
    assert PASSWORD in log.read_text()
    assert log.read_text().splitlines()[-2:] != []
    kept = (config / "config.json").read_text()
    assert PASSWORD not in kept
    assert base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode() not in kept


def command_lines(stop: threading.Event, seen: set[bytes]) -> None:
    """Look at every process's words and variables, as fast as it goes."""
    while not stop.is_set():
        for process in Path("/proc").glob("[0-9]*"):
            for file in ("cmdline", "environ"):
                try:
                    seen.add((process / file).read_bytes())
                except OSError:
                    continue


def test_no_process_list_shows_a_password(login, config, guarded, tmp_path, here, cloche):
    """While it logs in, with and without a helper, and pulls by what it was told."""
    stop, seen = threading.Event(), set[bytes]()
    looking = threading.Thread(target=command_lines, args=(stop, seen))
    looking.start()
    try:
        assert login("-u", USER, "--password-stdin").code == 0
        told = {"DOCKER_CONFIG": str(config)}
        assert cloche("push", "-q", here, f"{guarded}/seen:1", **told).code == 0
        assert cloche("pull", "-q", f"{guarded}/seen:1", **told).code == 0
    finally:
        stop.set()
        looking.join()
    assert any(b"--password-stdin" in words for words in seen)  # it did look
    secrets = (PASSWORD.encode(), base64.b64encode(f"{USER}:{PASSWORD}".encode()))
    assert not [words for words in seen if any(secret in words for secret in secrets)]


def test_a_person_is_asked_and_the_answer_is_not_shown(terminal, config, guarded, environment):
    environment["DOCKER_CONFIG"] = str(config)
    opened = terminal("login", guarded)
    opened.expect(rf"Name for {guarded}: ")
    opened.type(f"{USER}\n")
    opened.expect(rf"Password of {USER}: ")
    opened.type(f"{PASSWORD}\n")
    opened.expect("logged in to")
    assert opened.end() == 0
    assert PASSWORD not in opened.everything
    assert opened.is_restored()


def test_ctrl_c_at_the_question_ends_it_and_restores_the_terminal(terminal, config, guarded):
    opened = terminal("login", "-u", USER, guarded)
    opened.expect("Password of")
    opened.type("\x03")
    assert opened.end() == 130
    assert opened.is_restored()


def test_a_peer_uses_what_was_kept(logged_in, config, guarded):
    done = subprocess.run(
        ["skopeo", "login", "--authfile", str(config / "config.json"), "--get-login", guarded],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, f"{USER}\n")
