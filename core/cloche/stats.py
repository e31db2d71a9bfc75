"""What a container uses, in one shape for every backend."""

from __future__ import annotations

from cloche.values import Value

__all__ = ["Stats"]


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
