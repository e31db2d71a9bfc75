"""Ending every process of a group, whatever it forks meanwhile."""

from __future__ import annotations

import os
import signal

from cloche_linux.cgroups.files import write
from cloche_linux.cgroups.members import members

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche_linux.cgroups.node import Node

__all__ = ["kill_all"]

#: A look that finds only processes already signalled ends the loop; forks can't go on for ever.
_ROUNDS = 1000


def kill_all(nodes: Sequence[Node]) -> None:
    """Send SIGKILL to all; in v2 (Linux 5.14) the kernel does it at one go."""
    for node in nodes:
        if node.version == 2 and _kill_v2(node):
            return
    if nodes:
        _kill_one_by_one(nodes[0])


def _kill_v2(node: Node) -> bool:
    try:
        write(f"{node.path}/cgroup.kill", "1")
    except FileNotFoundError:
        # An older kernel, or a group that is gone: then there is nobody to kill one by one.
        return False
    return True


def _kill_one_by_one(node: Node) -> None:
    killed: set[int] = set()
    for _ in range(_ROUNDS):
        fresh = set(members(node)) - killed
        if not fresh:
            return
        _signal(fresh, node)
        killed |= fresh


def _signal(pids: set[int], node: Node) -> None:
    """Signal through descriptors, after a second look: a number may have changed hands."""
    held = {pid: descriptor for pid in pids if (descriptor := _hold(pid)) is not None}
    still = set(members(node))
    for pid, descriptor in held.items():
        try:
            if pid in still:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        except ProcessLookupError:
            continue
        finally:
            os.close(descriptor)


def _hold(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None
