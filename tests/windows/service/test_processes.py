"""Processes do what their rules say, or what the program does that they really are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from service import rules
from service.client import PIPES, Client
from service.control import Service

FILE_NOT_FOUND = 0x80070002
on_linux = pytest.mark.skipif(sys.platform == "win32", reason="descriptors are Linux'")


@pytest.fixture
def client(service: Service, tmp_path: Path):
    client = Client(service, tmp_path)
    yield client
    client.let_go()


def running(client: Client, *given: str) -> Client:
    """The client, with a system that runs."""
    client.service.begin(*given)
    client.create()
    client.start()
    client.wait_for(2)
    client.notified.clear()
    return client


def everything(end: int) -> bytes:
    """What comes out of a pipe, until nobody holds its other end any more."""
    with open(os.dup(end), "rb") as stream:
        return stream.read()


def test_it_exits_with_its_code(client):
    running(client, rules.process(code=7)).execute("x")
    assert client.wait_for_exit(77)
    assert client.status() == {
        "ProcessId": 1000,
        "Exited": True,
        "ExitCode": 7,
        "LastWaitResult": 0,
    }


def test_it_runs_until_it_is_ended(client):
    running(client, rules.process(mode="run")).execute("x")
    assert not client.status()["Exited"]
    client.play({"fn": "HcsTerminateProcess", "args": {"process": "process"}, "out": {}})
    assert client.wait_for_exit(77)
    assert client.status()["ExitCode"] == 1067


def test_a_signal_ends_it_unless_it_ignores_signals(client):
    ignoring = rules.process(2, "run", ignores_signals=True)
    running(client, rules.process(1, "run"), ignoring)
    client.execute("x")
    client.execute("y", name="other process")
    for name in ("process", "other process"):
        options = {"process": name, "options": '{"Signal": "CtrlC"}'}
        client.play({"fn": "HcsSignalProcess", "args": options, "out": {}})
    assert client.wait_for_exit(77)
    assert client.status()["ExitCode"] == 0xC000013A
    assert not client.status("other process")["Exited"]


def test_a_paused_one_does_not_end(client):
    running(client, rules.process(delay=200)).execute("x")
    client.ask("Pause")
    client.wait_for(1)
    assert not client.wait_for_exit(77, patience=0.4)
    client.ask("Resume")
    assert client.wait_for_exit(77)


def test_the_program_is_looked_for(client):
    running(client, rules.process(mode="real"))
    assert client.execute("there-is-no-such-program", **PIPES) == FILE_NOT_FOUND
    assert client.service.counts().stdio == 0


def test_a_real_one_has_its_code_environment_and_folder(client, tmp_path):
    code = "import os, sys; open('seen', 'w').write(os.environ['WORD']); sys.exit(9)"
    command = subprocess.list2cmdline([sys.executable, "-c", code])
    running(client, rules.process(mode="real"))
    client.execute(command, Environment={"WORD": 'a "b"'}, WorkingDirectory=str(tmp_path))
    assert client.wait_for_exit(77)
    assert client.status()["ExitCode"] == 9
    assert (tmp_path / "seen").read_text() == 'a "b"'


@on_linux
def test_a_real_one_has_its_streams(client):
    code = "import sys; text = sys.stdin.read(); print(text.upper()); print('e', file=sys.stderr)"
    running(client, rules.process(mode="real"))
    client.execute(subprocess.list2cmdline([sys.executable, "-c", code]), **PIPES)
    stdin, stdout, stderr = client.ends()
    os.write(stdin, b"word")
    client.close_input("process")
    assert (everything(stdout), everything(stderr)) == (b"WORD\n", b"e\n")
    assert client.wait_for_exit(77)


@on_linux
@pytest.mark.parametrize(
    "arguments",
    [["a b"], ['a"b'], ["a\\"], ["a\\\\b c\\"], [""], ['\\"'], ["\t", "x"], ['a"b c\\\\"']],
)
def test_a_command_line_is_taken_apart_as_windows_does(client, tmp_path, arguments):
    code = "import json, sys; json.dump(sys.argv[1:], open('seen', 'w'))"
    running(client, rules.process(mode="real"))
    command = subprocess.list2cmdline([sys.executable, "-c", code, *arguments])
    client.execute(command, WorkingDirectory=str(tmp_path))
    assert client.wait_for_exit(77)
    assert json.loads((tmp_path / "seen").read_text()) == arguments


@on_linux
def test_an_echo_gives_back_what_it_reads_however_much(client):
    running(client, rules.process(mode="echo", stdout=b"first:"))
    client.execute("x", **PIPES)
    stdin, stdout, _ = client.ends()
    os.write(stdin, bytes(60_000))
    client.close_input("process")
    assert everything(stdout) == b"first:" + bytes(60_000)
    assert client.wait_for_exit(77)


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows has overlapped handles")
def test_a_plain_read_of_an_overlapped_handle_is_refused(client):
    """With a control: the same read works when it is overlapped."""
    import _winapi  # type: ignore[import-not-found,unused-ignore]

    running(client, rules.process(mode="run", stdout=b"word"))
    client.execute("x", **PIPES)
    stdout = client.ends()[1]
    with pytest.raises(OSError, match="87"):
        _winapi.ReadFile(stdout, 4)
    reading, _ = _winapi.ReadFile(stdout, 4, overlapped=True)
    reading.GetOverlappedResult(True)
    assert bytes(reading.getbuffer()) == b"word"
