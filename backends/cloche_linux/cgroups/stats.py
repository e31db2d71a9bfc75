"""What a group uses, read from whichever files its hierarchies have."""

from __future__ import annotations

from cloche.stats import Stats
from cloche_linux.cgroups.details import details
from cloche_linux.cgroups.files import read, read_int, read_table
from cloche_linux.cgroups.oom import oom_kills

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloche_linux.cgroups.node import Node

    Numbers = Mapping[str, int | None]

__all__ = ["measure"]

#: v1 says "no limit" as the largest number of whole pages that fits; pages differ in size.
_NO_LIMIT = 2**63 - 2**20


def measure(nodes: Sequence[Node]) -> Stats:
    """Read everything that the group's files tell."""
    return Stats(
        **_cpu(nodes),
        **_memory(nodes),
        **_pids(_holding(nodes, "pids")),
        **_io(nodes),
        oom_kills=oom_kills(nodes),
        details=details(nodes),
    )


def _holding(nodes: Sequence[Node], controller: str) -> Node | None:
    return next((node for node in nodes if controller in node.controllers), None)


def _cpu(nodes: Sequence[Node]) -> Numbers:
    return {**_cpu_used(nodes), **_throttled(_holding(nodes, "cpu"))}


def _cpu_used(nodes: Sequence[Node]) -> Numbers:
    """Every v2 group counts the time, with or without a controller; microseconds there."""
    unified = next((node for node in nodes if node.version == 2), None)
    if unified is not None:
        table = read_table(f"{unified.path}/cpu.stat")
        names = {"cpu_usage": "usage_usec", "cpu_user": "user_usec", "cpu_system": "system_usec"}
        return {field: _times(table.get(name), 1000) for field, name in names.items()}
    node = _holding(nodes, "cpuacct")
    if node is None:
        return {}
    return {
        "cpu_usage": read_int(f"{node.path}/cpuacct.usage"),
        "cpu_user": read_int(f"{node.path}/cpuacct.usage_user"),
        "cpu_system": read_int(f"{node.path}/cpuacct.usage_sys"),
    }


def _throttled(node: Node | None) -> Numbers:
    if node is None:
        return {}
    table = read_table(f"{node.path}/cpu.stat")
    two = node.version == 2
    time = _times(table.get("throttled_usec"), 1000) if two else table.get("throttled_time")
    return {"throttled_periods": table.get("nr_throttled"), "throttled_time": time}


def _memory(nodes: Sequence[Node]) -> Numbers:
    node = _holding(nodes, "memory")
    if node is None:
        return {}
    names = _MEMORY_V2 if node.version == 2 else _MEMORY_V1
    found = {field: read_int(f"{node.path}/{file}") for field, file in names.items()}
    limit, usage, swap = found["memory_limit"], found["memory_usage"], found["swap_usage"]
    if node.version == 1 and swap is not None and usage is not None:
        found["swap_usage"] = max(swap - usage, 0)
    if limit is not None and limit >= _NO_LIMIT:
        found["memory_limit"] = None
    return found


_MEMORY_V2 = {
    "memory_usage": "memory.current",
    "memory_peak": "memory.peak",
    "memory_limit": "memory.max",
    "swap_usage": "memory.swap.current",
}
#: The file for swap counts memory and swap together.
_MEMORY_V1 = {
    "memory_usage": "memory.usage_in_bytes",
    "memory_peak": "memory.max_usage_in_bytes",
    "memory_limit": "memory.limit_in_bytes",
    "swap_usage": "memory.memsw.usage_in_bytes",
}


def _pids(node: Node | None) -> Numbers:
    if node is None:
        return {}
    return {
        "pids": read_int(f"{node.path}/pids.current"),
        "pids_limit": read_int(f"{node.path}/pids.max"),
    }


def _io(nodes: Sequence[Node]) -> Numbers:
    if (node := _holding(nodes, "io")) is not None:
        return _sums(f"{node.path}/io.stat", "rbytes=", "wbytes=")
    if (node := _holding(nodes, "blkio")) is not None:
        return _sums(f"{node.path}/blkio.throttle.io_service_bytes_recursive", "Read ", "Write ")
    return {}


def _sums(path: str, reading: str, writing: str) -> Numbers:
    """Add up the numbers behind two words, over all devices."""
    text = read(path)
    if text is None:
        return {}
    return {"io_read": _sum(text, reading), "io_write": _sum(text, writing)}


def _sum(text: str, word: str) -> int:
    return sum(int(rest.split()[0]) for rest in text.split(word)[1:])


def _times(number: int | None, factor: int) -> int | None:
    return None if number is None else number * factor
