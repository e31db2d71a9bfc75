"""Stopping all processes of a group where they are, and letting them run on."""

from __future__ import annotations

import os
import select
import time

from cloche.errors import TimedOut
from cloche_linux.cgroups.files import open_file, read, read_table, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche_linux.cgroups.node import Node

__all__ = ["can_freeze", "freeze", "frozen", "thaw"]


def can_freeze(node: Node) -> bool:
    """Every v2 group can be frozen; in v1 it's a controller."""
    return node.version == 2 or "freezer" in node.controllers


def freeze(node: Node, *, timeout: float = 10.0) -> None:
    """Stop every process, and return when all of them stand still.

    Raises TimedOut if they don't within ``timeout`` seconds; they run on then.
    """
    deadline = time.monotonic() + timeout
    stands = _freeze_v2(node, deadline) if node.version == 2 else _freeze_v1(node, deadline)
    if not stands:
        thaw(node)
        raise TimedOut(f"not all processes stood still within {timeout:g} s", operation="pause")


def thaw(node: Node) -> None:
    """Let every process run on; a group that is gone has none."""
    file, word = ("cgroup.freeze", "0") if node.version == 2 else ("freezer.state", "THAWED")
    try:
        write(f"{node.path}/{file}", word)
    except FileNotFoundError:
        return


def frozen(node: Node) -> bool:
    """Whether all processes stand still."""
    if node.version == 2:
        return read_table(f"{node.path}/cgroup.events").get("frozen") == 1
    return (read(f"{node.path}/freezer.state") or "").strip() == "FROZEN"


def _freeze_v2(node: Node, deadline: float) -> bool:
    """The kernel tells of the change as an exceptional condition of the file of events."""
    events = open_file(f"{node.path}/cgroup.events", os.O_RDONLY)
    try:
        poll = select.poll()
        poll.register(events, select.POLLPRI)
        write(f"{node.path}/cgroup.freeze", "1")
        while not frozen(node) and (left := deadline - time.monotonic()) > 0:
            poll.poll(left * 1000)
            os.pread(events, 4096, 0)
        return frozen(node)
    finally:
        os.close(events)


def _freeze_v1(node: Node, deadline: float) -> bool:
    """Ask again and again: a process that forks at the wrong moment keeps v1 at FREEZING.

    From time to time all are let go for a moment, without which some kernels never get there.
    """
    attempt = 0
    while time.monotonic() < deadline:
        attempt += 1
        if attempt % 50 == 0:
            thaw(node)
            time.sleep(0.01)
        write(f"{node.path}/freezer.state", "FROZEN")
        if frozen(node):
            return True
        time.sleep(0.0002)
    return False
