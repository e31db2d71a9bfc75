"""Terminals, which go to whoever listens for them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from .conftest import copy_root
from .desks import arrived, open_desk


@pytest.fixture
def desk(tmp_path) -> Iterator[socket.socket]:
    """A socket where terminals arrive."""
    with open_desk(tmp_path / "console") as listening:
        yield listening


def read_all(terminal: int) -> bytes:
    """What is written until the last process has closed it."""
    text = b""
    try:
        while piece := os.read(terminal, 4096):
            text += piece
    except OSError:
        return text
    finally:
        os.close(terminal)
    return text


def with_terminal(config) -> None:
    config["process"].update(terminal=True, consoleSize={"width": 77, "height": 11})


def test_the_terminal_is_sent_and_is_the_containers_console(oci, desk, tmp_path) -> None:
    bundle = oci.bundle("sh", "-c", "tty; stty size; ls /dev/console", change=with_terminal)
    socket_path = str(tmp_path / "console")
    assert oci("create", "-b", bundle, "--console-socket", socket_path, "box").code == 0
    terminal = arrived(desk)
    oci("start", "box")
    assert read_all(terminal).decode().split() == ["/dev/pts/0", "11", "77", "/dev/console"]


def test_a_further_process_has_one_of_its_own(oci, desk, tmp_path) -> None:
    oci.create("sleep", "600")
    oci("start", "box")
    words = ("--tty", "--detach", "--console-socket", str(tmp_path / "console"))
    assert oci("exec", *words, "box", "tty").code == 0
    assert read_all(arrived(desk)) == b"/dev/pts/0\r\n"


def test_a_run_in_the_foreground_copies(oci) -> None:
    said = oci.run("sh", "-c", "tty; exit 3", change=with_terminal)
    assert (said.code, said.out) == (3, "/dev/pts/0\n")


def test_a_socket_without_a_terminal_is_refused(oci, desk, tmp_path) -> None:
    said = oci("create", "-b", oci.bundle("true"), "--console-socket", "x", "box")
    assert (said.code, said.err) == (
        *(1, "cloche: --console-socket: process.terminal is not set\n"),
    )


def test_a_socket_where_nobody_listens_leaves_nothing(oci) -> None:
    bundle = oci.bundle("true", change=with_terminal)
    said = oci("create", "-b", bundle, "--console-socket", "/no/such", "box")
    assert said.err == "cloche: --console-socket /no/such: No such file or directory\n"
    assert list(oci.state.iterdir()) == []


def test_a_read_only_root_has_a_console_all_the_same(oci, desk, tmp_path) -> None:
    """Where /dev is a directory of the root, as it was left, a file for it has to be made first."""
    root = tmp_path / "root"
    copy_root(oci.busybox, root)
    (root / "dev/pts").mkdir(exist_ok=True)

    def change(config) -> None:
        config["process"]["terminal"] = True
        config["root"] = {"path": str(root), "readonly": True}
        config["mounts"] = [each for each in config["mounts"] if each["destination"] != "/dev"]

    bundle = oci.bundle("sh", "-c", "test -c /dev/console && : > /new", change=change)
    said = oci("run", "-b", bundle, "box")
    assert "Read-only file system" in said.out
