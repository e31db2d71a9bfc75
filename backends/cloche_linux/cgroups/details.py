"""What a group's files tell beyond the usual measurements, in either version."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypedDict

from cloche.stats import Amount, Details, IoCount
from cloche_linux.cgroups.files import read, read_int, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloche_linux.cgroups.node import Node

__all__ = ["details"]

#: v1 says "no limit" as the largest number of whole pages that fits; pages differ in size.
_NO_LIMIT = 2**63 - 2**20

_FLAGS = (
    *("cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page"),
    *("memory_spread_slab", "memory_pressure", "sched_load_balance", "sched_relax_domain_level"),
)
_V2_KINDS = {
    "rbytes": "Read", "wbytes": "Write", "dbytes": "Discard",
    "rios": "Read", "wios": "Write", "dios": "Discard",
}  # fmt: skip


def details(nodes: Sequence[Node]) -> Details:
    """Read them all."""
    return Details(
        **_processors(nodes),
        **_sets(_holding(nodes, "cpuset")),
        **_memory(_holding(nodes, "memory")),
        **_io(nodes),
        hugepages=_hugepages(_holding(nodes, "hugetlb")),
    )


def _holding(nodes: Sequence[Node], controller: str) -> Node | None:
    return next((node for node in nodes if controller in node.controllers), None)


class _Processors(TypedDict, total=False):
    cpu_periods: int
    cpu_each: tuple[int, ...]
    cpu_each_user: tuple[int, ...]
    cpu_each_system: tuple[int, ...]


def _processors(nodes: Sequence[Node]) -> _Processors:
    found = _Processors()
    if (limited := _holding(nodes, "cpu")) is not None:
        found["cpu_periods"] = read_table(f"{limited.path}/cpu.stat").get("nr_periods", 0)
    if (counted := _holding(nodes, "cpuacct")) is not None:
        each = (read(f"{counted.path}/cpuacct.usage_percpu") or "").split()
        rows = (read(f"{counted.path}/cpuacct.usage_all") or "").splitlines()[1:]
        times = [tuple(int(word) for word in row.split()) for row in rows]
        found["cpu_each"] = tuple(int(word) for word in each)
        found["cpu_each_user"] = tuple(row[1] for row in times)
        found["cpu_each_system"] = tuple(row[2] for row in times)
    return found


class _Sets(TypedDict, total=False):
    cpus: tuple[int, ...]
    nodes: tuple[int, ...]
    cpuset: Mapping[str, int]


def _sets(node: Node | None) -> _Sets:
    if node is None:
        return {}
    names = ("cpuset.{}.effective",) if node.version == 2 else ("cpuset.effective_{}",)
    cpus, mems = (read(f"{node.path}/{names[0].format(kind)}") or "" for kind in ("cpus", "mems"))
    flags = {name: read_int(f"{node.path}/cpuset.{name}") for name in _FLAGS}
    return {
        "cpus": _listed(cpus),
        "nodes": _listed(mems),
        "cpuset": {name: value for name, value in flags.items() if value is not None},
    }


def _listed(ranges: str) -> tuple[int, ...]:
    """Spell ``0-2,7`` out."""
    parts = [part.partition("-") for part in ranges.strip().split(",") if part]
    return tuple(n for low, _, high in parts for n in range(int(low), int(high or low) + 1))


class _Memory(TypedDict, total=False):
    memory: Amount
    swap: Amount
    kernel: Amount
    kernel_tcp: Amount
    cache: int
    table: Mapping[str, int]


def _memory(node: Node | None) -> _Memory:
    if node is None:
        return {}
    table = read_table(f"{node.path}/memory.stat")
    if node.version == 2:
        return {**_memory_v2(node), "cache": table.get("file", 0), "table": table}
    place = f"{node.path}/memory"
    return {
        "memory": _v1(place),
        "swap": _v1(f"{place}.memsw"),
        "kernel": _v1(f"{place}.kmem"),
        "kernel_tcp": _v1(f"{place}.kmem.tcp"),
        "cache": table.get("cache", 0),
        "table": table,
    }


def _v1(start: str) -> Amount:
    limit = read_int(f"{start}.limit_in_bytes")
    return Amount(
        usage=read_int(f"{start}.usage_in_bytes") or 0,
        peak=read_int(f"{start}.max_usage_in_bytes") or 0,
        limit=None if limit is None or limit >= _NO_LIMIT else limit,
        failures=read_int(f"{start}.failcnt") or 0,
    )


def _memory_v2(node: Node) -> _Memory:
    """Swap is counted apart; together they are what v1 tells, as other runtimes say it."""
    place = f"{node.path}/memory"
    memory = _v2(place, read_table(f"{place}.events").get("max", 0))
    swap = _v2(f"{place}.swap", read_table(f"{place}.swap.events").get("fail", 0))
    unlimited = memory.limit is None or swap.limit is None
    both = Amount(
        usage=memory.usage + swap.usage,
        peak=max(memory.peak, swap.peak),
        limit=None if unlimited else (memory.limit or 0) + (swap.limit or 0),
        failures=swap.failures,
    )
    return {"memory": memory, "swap": both}


def _v2(start: str, failures: int) -> Amount:
    return Amount(
        usage=read_int(f"{start}.current") or 0,
        peak=read_int(f"{start}.peak") or 0,
        limit=read_int(f"{start}.max"),
        failures=failures,
    )


class _Io(TypedDict, total=False):
    io_bytes: tuple[IoCount, ...]
    io_operations: tuple[IoCount, ...]


def _io(nodes: Sequence[Node]) -> _Io:
    if (node := _holding(nodes, "io")) is not None:
        rows = (read(f"{node.path}/io.stat") or "").splitlines()
        return {"io_bytes": _v2_io(rows, "bytes"), "io_operations": _v2_io(rows, "ios")}
    if (node := _holding(nodes, "blkio")) is not None:
        start = f"{node.path}/blkio.throttle."
        return {
            "io_bytes": _v1_io(f"{start}io_service_bytes_recursive"),
            "io_operations": _v1_io(f"{start}io_serviced_recursive"),
        }
    return {}


def _v2_io(rows: Sequence[str], ending: str) -> tuple[IoCount, ...]:
    found: list[IoCount] = []
    for device, *words in (row.split() for row in rows):
        for name, _, value in (word.partition("=") for word in words):
            if name.endswith(ending) and name in _V2_KINDS:
                found.append(_count(device, _V2_KINDS[name], value))
    return tuple(found)


def _v1_io(file: str) -> tuple[IoCount, ...]:
    """Rows of a device, a kind and a number; the last row is the sum of all."""
    rows = (row.split() for row in (read(file) or "").splitlines())
    return tuple(_count(*row) for row in rows if len(row) == 3)


def _count(device: str, kind: str, value: str) -> IoCount:
    major, _, minor = device.partition(":")
    return IoCount(major=int(major), minor=int(minor), kind=kind, value=int(value))


def _hugepages(node: Node | None) -> dict[str, Amount]:
    if node is None:
        return {}
    ending = ".max" if node.version == 2 else ".limit_in_bytes"
    names = sorted(os.listdir(node.path)) if node.exists() else []
    sizes = [name.split(".")[1] for name in names if _is_limit(name, ending)]
    amount = _hugepages_v2 if node.version == 2 else _v1
    return {size: amount(f"{node.path}/hugetlb.{size}") for size in sizes}


def _hugepages_v2(start: str) -> Amount:
    return _v2(start, read_table(f"{start}.events").get("max", 0))


def _is_limit(name: str, ending: str) -> bool:
    words = name.split(".")
    return words[0] == "hugetlb" and name == f"hugetlb.{words[1]}{ending}"
