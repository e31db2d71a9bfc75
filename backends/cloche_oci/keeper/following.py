"""From the moment a process is made to its end: what it reports, and how it ended."""

from __future__ import annotations

import os
import select
from contextlib import suppress

from cloche_oci.keeper.channel import say
from cloche_oci.keeper.children import Abandoned

__all__ = ["follow", "oom_kills"]

_LIMIT = 4096
_KILLED = 9


def follow(pid: int, pidfd: int, report: int | None, asker: int | None) -> int:
    """Wait until the process ends; returns its wait status, by its own init's word if it has one.

    Raises Abandoned when nobody wants it any more.
    """
    poll = select.poll()
    for descriptor in (pidfd, report, asker):
        if descriptor is not None:
            poll.register(descriptor, select.POLLIN)
    told: int | None = None
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if report in ready and report is not None:
            data = os.read(report, _LIMIT)
            told = _heard(data, told)
            if not data:
                poll.unregister(report)
                report = None
        elif pidfd in ready:
            status = os.waitpid(pid, 0)[1]
            return status if told is None or _killed(status) else told
        elif asker in ready:
            raise Abandoned


def _heard(data: bytes, told: int | None) -> int | None:
    """Pass on what an init says of its program; what it says of its end is kept for later.

    It writes a line at once, but a program that got hold of its descriptor might write anything.
    """
    for line in data.split(b"\n"):
        kind, number = line[:1], line[1:]
        if not (number.isdigit() and len(number) < 6):
            continue
        if kind in b"SE":
            say({"started": int(number)})
        elif kind == b"X":
            told = int(number)
    return told


def _killed(status: int) -> bool:
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == _KILLED


def oom_kills(groups: str) -> int:
    """Count what the kernel has ended for want of memory, by a /proc/PID/cgroup read before."""
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            return _counted(f"/sys/fs/cgroup/memory{path}/memory.oom_control")
    for line in groups.splitlines():
        if line.startswith("0::"):
            return _counted(f"/sys/fs/cgroup{line[3:]}/memory.events")
    return 0


def _counted(path: str) -> int:
    with suppress(OSError, ValueError), open(path, encoding="ascii") as file:
        for line in file:
            name, _, number = line.partition(" ")
            if name == "oom_kill":
                return int(number)
    return 0
