"""The processes of a container, found by their pid namespace."""

from __future__ import annotations

import os

__all__ = ["family", "members", "only_child"]


def members(init: int) -> list[int]:
    """List, by their ids here, the processes in the pid namespace of ``init`` and their children.

    Those in pid namespaces made inside the container are descendants, so they are among them. A
    process that comes or goes meanwhile may be missed or listed; an ended ``init`` has none.
    """
    try:
        namespace = os.readlink(f"/proc/{init}/ns/pid")
    except OSError:
        return []
    found = {pid for pid in _all() if _within(pid, namespace)}
    return _families(found)


def family(init: int) -> list[int]:
    """List a process and its descendants: as near as can be come without namespace and group.

    Those that another has adopted are missed; an ended ``init`` has none.
    """
    return _families({init} & {*_all()})


def _all() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def _families(found: set[int]) -> list[int]:
    return sorted(_with_descendants(found, {pid: _parent(pid) for pid in _all()}))


def _with_descendants(found: set[int], parents: dict[int, int]) -> set[int]:
    while fresh := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= fresh
    return found


def _within(pid: int, namespace: str) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid") == namespace
    except OSError:
        return False


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def only_child(init: int) -> int:
    """The workload of an ``init`` that waits for its execution, and has no other child yet."""
    with open(f"/proc/{init}/task/{init}/children", encoding="utf-8") as file:
        return int(file.read())
