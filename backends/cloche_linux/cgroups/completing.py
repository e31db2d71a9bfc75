"""Limits that only mean something together: what a change leaves out is read from the group.

cgroup v2 has quota and period in one file, and counts swap without memory, which the runtime-spec
counts together.
"""

from __future__ import annotations

from cloche.errors import InvalidState
from cloche_linux.cgroups.files import read, read_int

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.spec import LinuxCPU, LinuxMemory, LinuxResources
    from cloche_linux.cgroups.node import Node

__all__ = ["completed"]


def completed(asked: LinuxResources, nodes: Sequence[Node]) -> LinuxResources:
    """Fill in what belongs to what is asked for.

    Raises InvalidState for a limit on memory below what is in use, if that is to be looked at.
    """
    if asked.memory is not None:
        _check_use(asked.memory, nodes)
    if asked.cpu is not None:
        asked = asked.replace(cpu=_processors(asked.cpu, nodes))
    node = next((node for node in nodes if node.version == 2), None)
    if asked.memory is not None and node is not None:
        asked = asked.replace(memory=_memory(asked.memory, node))
    return asked


def _processors(cpu: LinuxCPU, nodes: Sequence[Node]) -> LinuxCPU:
    """Systemd writes its own rounding with whatever it is told of processors: so all is told."""
    words = next((found for node in nodes if len(found := _quota(node)) == 2), None)
    if words is None:
        return cpu
    quota, period = (int(word) if word.isdigit() else -1 for word in words)
    return cpu.replace(quota=cpu.quota or quota, period=cpu.period or period)


def _quota(node: Node) -> list[str]:
    """Quota and period as they are; nothing where the controller is not."""
    if node.version == 2:
        return (read(f"{node.path}/cpu.max") or "").split()
    if "cpu" not in node.controllers:
        return []
    files = (f"{node.path}/cpu.cfs_{name}_us" for name in ("quota", "period"))
    return [text.strip() for file in files if (text := read(file)) is not None]


def _memory(memory: LinuxMemory, node: Node) -> LinuxMemory:
    if not memory.swap or memory.swap < 0 or memory.limit:
        return memory
    return memory.replace(limit=read_int(f"{node.path}/memory.max"))


def _check_use(memory: LinuxMemory, nodes: Sequence[Node]) -> None:
    if not memory.check_before_update or not memory.limit or memory.limit < 0:
        return
    node = next((node for node in nodes if "memory" in node.controllers), None)
    file = "memory.current" if node and node.version == 2 else "memory.usage_in_bytes"
    used = read_int(f"{node.path}/{file}") if node else None
    if used is not None and used > memory.limit:
        raise InvalidState(
            f"memory.limit: {used} bytes are in use, more than {memory.limit}", operation="update"
        )
