"""The keeper's children: the runtime while it runs, and what it leaves behind."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloche_oci.keeper.terminal import Console

__all__ = ["Abandoned", "Late", "end_all", "reap", "run"]

_END_LIMIT = 10.0


class Abandoned(Exception):
    """The process that asked for all this is gone."""


class Late(Exception):
    """The runtime did not come to an end in time."""


def run(
    argv: list[str],
    descriptors: list[int],
    timeout: float,
    asker: int | None,
    console: Console | None = None,
) -> int:
    """Run the runtime with ``descriptors`` as 0, 1, 2, …; returns what a shell calls its end.

    ``asker`` is a descriptor that is readable when nobody wants it any more; at ``console`` a
    terminal is received meanwhile. Raises Late, Abandoned, OSError.
    """
    from fcntl import F_DUPFD_CLOEXEC, fcntl

    placed = [fcntl(fd, F_DUPFD_CLOEXEC, 64 + len(descriptors)) for fd in descriptors]
    actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(placed)]
    try:
        pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
    finally:
        for fd in placed:
            os.close(fd)
    pidfd = os.pidfd_open(pid)
    try:
        _wait(pidfd, timeout, asker, console)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        os.close(pidfd)


def _wait(pidfd: int, timeout: float, asker: int | None, console: Console | None) -> None:
    poll = select.poll()
    calling = None if console is None else console.fileno()
    for descriptor in (pidfd, asker, calling):
        if descriptor is not None:
            poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + timeout
    while True:
        ready = {each for each, _ in poll.poll(max(0.0, deadline - time.monotonic()) * 1000)}
        if not ready:
            raise Late
        if console is not None and calling is not None and calling in ready:
            console.receive()
            poll.unregister(calling)
            calling = None
        elif pidfd in ready:
            return
        else:
            raise Abandoned


def reap() -> None:
    """Take the children that have ended already."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def end_all() -> None:
    """Kill every descendant, and wait until none is left: orphans become our children."""
    deadline = time.monotonic() + _END_LIMIT
    while (pids := list(_descendants(os.getpid()))) and time.monotonic() < deadline:
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        reap()
        time.sleep(0.002)


def _descendants(pid: int) -> Iterable[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in children:
        yield child
        yield from _descendants(child)
