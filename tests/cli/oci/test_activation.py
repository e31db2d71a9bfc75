"""Sockets and readiness, as systemd hands them to what it starts."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from .conftest import PATIENCE


@pytest.fixture
def supervisor(tmp_path) -> Iterator[socket.socket]:
    """Listens for readiness where our program is told to tell it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "supervisor"))
        ear.settimeout(PATIENCE)
        yield ear


def saying(*words: str) -> list[str]:
    """A command that says each word at a time; busybox has no program that could."""
    script = (
        "import os, socket, sys, time\n"
        "out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "out.connect(os.environ['NOTIFY_SOCKET'])\n"
        f"for word in {words!r}:\n    out.send(word.encode())\n"
        "time.sleep(600)\n"
    )
    return [f"{sys.base_prefix}/bin/python3", "-I", "-c", script]


@pytest.fixture
def with_python(tmp_path):
    """Gives a bundle the machine's programs, for one that can speak through such sockets."""
    root = tmp_path / "root"
    root.mkdir()

    def change(config) -> None:
        config["root"]["path"] = str(root)
        for path in {"/usr", "/lib", "/lib64", sys.base_prefix}:
            if os.path.isdir(path):
                mount = {"destination": path, "type": "bind", "source": path}
                config["mounts"].append({**mount, "options": ["rbind", "ro"]})

    return change


def test_start_waits_until_the_container_is_ready_and_hands_the_word_on(
    oci, supervisor, with_python
) -> None:
    oci.environment["NOTIFY_SOCKET"] = supervisor.getsockname()
    command = saying("STATUS=so far", "STATUS=done\nREADY=1")
    pid = oci.create(*command, change=with_python)
    assert oci("start", "box").code == 0
    assert supervisor.recv(4096) == b"MAINPID=%d\nREADY=1" % pid


def test_start_waits_no_longer_than_the_container_runs(oci, supervisor) -> None:
    oci.environment["NOTIFY_SOCKET"] = supervisor.getsockname()
    said = oci.run("sh", "-c", "ls $(dirname $NOTIFY_SOCKET); echo $NOTIFY_SOCKET; exit 3")
    assert (said.code, said.out) == (3, f"notify\n{supervisor.getsockname()}/notify\n")
    supervisor.setblocking(False)
    with pytest.raises(BlockingIOError):
        supervisor.recv(1)


def test_nobody_to_be_told_is_told(oci, tmp_path, with_python) -> None:
    oci.environment["NOTIFY_SOCKET"] = str(tmp_path / "nobody")
    oci.create(*saying("READY=1"), change=with_python)
    said = oci("start", "box")
    assert said.code == 0
    assert f"NOTIFY_SOCKET {tmp_path}/nobody: No such file or directory" in said.err


def test_a_start_that_waits_is_ended_by_a_delete(oci, supervisor) -> None:
    oci.environment["NOTIFY_SOCKET"] = supervisor.getsockname()
    oci.create("sleep", "600")
    starting = subprocess.Popen([*oci.program, "start", "box"], env=oci.environment)
    oci.until("running")
    assert oci("delete", "--force", "box").code == 0
    assert starting.wait(PATIENCE) == 0


def test_sockets_that_somebody_listens_at_are_handed_on_and_counted(oci, tmp_path) -> None:
    script = "echo $LISTEN_FDS $LISTEN_PID; cat <&3; cat <&4"
    bundle = oci.bundle("sh", "-c", script)
    (tmp_path / "first").write_text("one\n")
    (tmp_path / "second").write_text("two\n")
    shell = f'exec 3<{tmp_path}/first 4<{tmp_path}/second; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"'
    words = [*oci.program, "run", "--bundle", bundle, "--preserve-fds", "1", "box"]
    done = subprocess.run(
        ["sh", "-c", shell, "sh", *words], env=oci.environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 1\none\ntwo\n", "")


def test_sockets_of_another_program_are_not(oci) -> None:
    oci.environment.update(LISTEN_FDS="1", LISTEN_PID="1")
    assert oci.run("sh", "-c", "echo [$LISTEN_FDS]").out == "[]\n"
