"""The processes of a group: who they are, and how they get in from outside."""

from __future__ import annotations

import os

from cloche.errors import BackendError
from cloche_linux.cgroups.files import open_file, read_pids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cloche_linux.cgroups.node import Node

__all__ = ["adopt", "attach", "members"]


def members(node: Node) -> list[int]:
    """List the processes of a directory and of all groups made beneath it."""
    return [pid for directory, _, _ in os.walk(node.path) for pid in read_pids(directory)]


def attach(nodes: Sequence[Node], pid: int) -> None:
    """Move one process into every directory, all writes back to back.

    The first waits until no fork or exit is under way on the whole machine; those that follow at
    once wait no more. Raises ProcessLookupError if the process is gone, else BackendError.
    """
    descriptors: list[int] = []
    try:
        for node in nodes:
            descriptors.append(open_file(f"{node.path}/cgroup.procs", os.O_WRONLY))
        for descriptor in descriptors:
            os.write(descriptor, str(pid).encode())
    except ProcessLookupError:
        raise
    except OSError as error:
        message = f"process {pid} can't enter the control group: {error.strerror}"
        raise BackendError(message, step="write cgroup.procs", errno=error.errno) from error
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def adopt(enter: Callable[[int], None], pids: Callable[[], Iterable[int]]) -> None:
    """Have all processes enter, until a look finds no new one: they may fork meanwhile."""
    known: set[int] = set()
    while fresh := set(pids()) - known:
        known |= fresh
        for pid in fresh:
            _enter_if_alive(enter, pid)


def _enter_if_alive(enter: Callable[[int], None], pid: int) -> None:
    try:
        enter(pid)
    except ProcessLookupError:
        return
