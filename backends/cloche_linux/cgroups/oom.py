"""How often the kernel ended a process because its group was out of memory."""

from __future__ import annotations

from cloche_linux.cgroups.files import read_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche_linux.cgroups.node import Node

__all__ = ["oom_kills"]


def oom_kills(nodes: Iterable[Node]) -> int | None:
    """Count the kills so far; None where nobody counts (v1 before Linux 4.13, or no memory group).

    v2 counts those in groups beneath, too; v1 only this one's.
    """
    node = next((node for node in nodes if "memory" in node.controllers), None)
    if node is None:
        return None
    file = "memory.events" if node.version == 2 else "memory.oom_control"
    return read_table(f"{node.path}/{file}").get("oom_kill")
