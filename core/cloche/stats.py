"""What a container uses, in one shape for every backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Amount", "Details", "IoCount", "Stats"]


class Stats(Value, kw_only=True):
    """One measurement; None where the platform does not tell."""

    #: CPU time used so far, all processors together, in nanoseconds.
    cpu_usage: int | None = None
    #: Of that, in user and in kernel mode.
    cpu_user: int | None = None
    cpu_system: int | None = None
    #: Periods in which the container was held back, and for how many nanoseconds in all.
    throttled_periods: int | None = None
    throttled_time: int | None = None
    #: Memory in use now, the most so far, and the limit (None for no limit), in bytes.
    memory_usage: int | None = None
    memory_peak: int | None = None
    memory_limit: int | None = None
    #: Swap in use, in bytes.
    swap_usage: int | None = None
    #: Processes ended for want of memory.
    oom_kills: int | None = None
    #: Processes and threads now, and the limit.
    pids: int | None = None
    pids_limit: int | None = None
    #: Bytes read from and written to block devices.
    io_read: int | None = None
    io_write: int | None = None
    #: What there is beside, where the platform has it.
    details: Details | None = None


class Amount(Value, kw_only=True):
    """How much of something is used, was used at most, and may be used (None for no limit)."""

    usage: int = 0
    peak: int = 0
    limit: int | None = None
    #: How often the limit was met.
    failures: int = 0


class IoCount(Value, kw_only=True):
    """Bytes, or operations, of one kind on one device."""

    major: int
    minor: int
    #: Such as ``Read`` or ``Discard``.
    kind: str
    value: int


class Details(Value, kw_only=True):
    """What Linux counts beyond the usual; empty where its version of control groups does not."""

    #: Periods for which processor time was measured out.
    cpu_periods: int = 0
    #: Nanoseconds of each processor: in all, in the kernel, outside of it.
    cpu_each: tuple[int, ...] = ()
    cpu_each_system: tuple[int, ...] = ()
    cpu_each_user: tuple[int, ...] = ()
    #: Processors and memory nodes that may be used, and the flags that go with them.
    cpus: tuple[int, ...] = ()
    nodes: tuple[int, ...] = ()
    cpuset: Mapping[str, int] = field(default_factory=dict)
    memory: Amount = Amount()
    #: Memory and swap together.
    swap: Amount = Amount()
    kernel: Amount = Amount()
    kernel_tcp: Amount = Amount()
    #: Bytes of files that are kept in memory.
    cache: int = 0
    #: The kernel's own table of memory, as it names things.
    table: Mapping[str, int] = field(default_factory=dict)
    io_bytes: tuple[IoCount, ...] = ()
    io_operations: tuple[IoCount, ...] = ()
    #: By size, such as ``2MB``.
    hugepages: Mapping[str, Amount] = field(default_factory=dict)
