"""What a container uses, by the names that `events` of other runtimes has."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloche.stats import Stats

__all__ = ["usage"]


def usage(found: Stats) -> dict[str, object]:
    """Sort a measurement by subject; what was not measured is left out.

    Source: runc's types/events.go.
    """
    return {
        "cpu": _told(
            usage=_told(total=found.cpu_usage, kernel=found.cpu_system, user=found.cpu_user),
            throttling=_told(
                throttledPeriods=found.throttled_periods, throttledTime=found.throttled_time
            ),
        ),
        "memory": _told(
            usage=_told(usage=found.memory_usage, max=found.memory_peak, limit=found.memory_limit),
            swap=_told(usage=found.swap_usage),
        ),
        "pids": _told(current=found.pids, limit=found.pids_limit),
        "blkio": {"ioServiceBytesRecursive": _io(found)},
    }


def _told(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _io(found: Stats) -> list[dict[str, object]]:
    both = (("Read", found.io_read), ("Write", found.io_write))
    return [_told(op=name, value=value) for name, value in both if value is not None]
