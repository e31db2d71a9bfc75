"""A descriptor of the process for callers that want to be sure which one they signal."""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Iterator

import pytest

from .conftest import PATIENCE
from .desks import arrived, open_desk


@pytest.fixture
def desk(tmp_path) -> Iterator[socket.socket]:
    """Where a caller listens for it."""
    with open_desk(tmp_path / "pidfd") as listening:
        yield listening


def end(pidfd: int) -> None:
    """Kill it through the descriptor, and see that it has ended."""
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    assert poll.poll(PATIENCE * 1000)
    os.close(pidfd)


@pytest.mark.parametrize("verb", [("create",), ("run", "--detach")], ids=["create", "run"])
def test_it_is_the_first_processs(oci, desk, tmp_path, verb) -> None:
    bundle = oci.bundle("sleep", "600")
    said = oci(*verb, "--bundle", bundle, "--pidfd-socket", f"{tmp_path}/pidfd", "box")
    assert said.code == 0, said.err
    end(arrived(desk))
    oci.until("stopped")


def test_it_is_that_of_a_further_process(oci, desk, tmp_path) -> None:
    oci.create("sleep", "600")
    oci("start", "box")
    words = ("--detach", "--pidfd-socket", f"{tmp_path}/pidfd")
    assert oci("exec", *words, "box", "sleep", "500").code == 0
    end(arrived(desk))
    assert oci.status() == "running"


def test_where_nobody_listens_nothing_is_left(oci, tmp_path) -> None:
    said = oci("create", "-b", oci.bundle("true"), "--pidfd-socket", f"{tmp_path}/pidfd", "box")
    assert said.code == 1
    assert said.err == f"cloche: --pidfd-socket {tmp_path}/pidfd: No such file or directory\n"
    assert list(oci.state.iterdir()) == []
