"""What a container uses, by the names that `events` of other runtimes has."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

from typing import TYPE_CHECKING

from cloche.stats import Details

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.stats import Amount, IoCount, Stats

__all__ = ["usage"]

#: What other runtimes write for no limit.
_NO_LIMIT = 2**64 - 1


def usage(found: Stats) -> dict[str, object]:
    """Sort a measurement by subject, as callers of `events` parse it.

    Source: runc's types/events.go.
    """
    details = found.details or Details()
    return {
        "cpu": _cpu(found, details),
        "cpuset": _cpuset(details),
        "memory": _memory(found, details),
        "pids": _told(current=found.pids, limit=found.pids_limit),
        "blkio": _told(
            ioServiceBytesRecursive=_io(details.io_bytes) or _sums(found),
            ioServicedRecursive=_io(details.io_operations),
        ),
        "hugetlb": {size: _amount(one, "max") for size, one in details.hugepages.items()},
        "intel_rdt": {},
        "network_interfaces": None,
    }


def _told(**values: object) -> dict[str, object]:
    """Leave out what was not measured, and what there is nothing of."""
    return {name: value for name, value in values.items() if value not in (None, 0, [], ())}


def _cpu(found: Stats, details: Details) -> dict[str, object]:
    used: dict[str, object] = {
        **_told(total=found.cpu_usage, percpu=list(details.cpu_each)),
        **_told(
            percpu_kernel=list(details.cpu_each_system), percpu_user=list(details.cpu_each_user)
        ),
        "kernel": found.cpu_system or 0,
        "user": found.cpu_user or 0,
    }
    throttling = _told(
        periods=details.cpu_periods,
        throttledPeriods=found.throttled_periods,
        throttledTime=found.throttled_time,
    )
    return {"usage": used, "throttling": throttling}


def _cpuset(details: Details) -> dict[str, object]:
    flags = {name: details.cpuset.get(name, 0) for name in _FLAGS}
    return {**_told(cpus=list(details.cpus), mems=list(details.nodes)), **flags}


_FLAGS = (
    *("cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page"),
    *("memory_spread_slab", "memory_pressure", "sched_load_balance", "sched_relax_domain_level"),
)


def _memory(found: Stats, details: Details) -> dict[str, object]:
    memory = _amount(details.memory, "limit")
    if found.details is None:
        memory.update(_told(usage=found.memory_usage, max=found.memory_peak))
        memory["limit"] = _NO_LIMIT if found.memory_limit is None else found.memory_limit
    return {
        **_told(cache=details.cache),
        "usage": memory,
        "swap": _amount(details.swap, "limit"),
        "kernel": _amount(details.kernel, "limit"),
        "kernelTCP": _amount(details.kernel_tcp, "limit"),
        **_told(raw=dict(details.table) or None),
    }


def _amount(one: Amount, needed: str) -> dict[str, object]:
    """A limit is always told of memory; huge pages have none in this form."""
    told = _told(usage=one.usage, max=one.peak)
    limit = _NO_LIMIT if one.limit is None else one.limit
    return {**({"limit": limit} if needed == "limit" else {}), **told, "failcnt": one.failures}


def _io(counts: Sequence[IoCount]) -> list[dict[str, object]]:
    return [_told(major=c.major, minor=c.minor, op=c.kind, value=c.value) for c in counts]


def _sums(found: Stats) -> list[dict[str, object]]:
    both = (("Read", found.io_read), ("Write", found.io_write))
    return [_told(op=name, value=value) for name, value in both if value]
