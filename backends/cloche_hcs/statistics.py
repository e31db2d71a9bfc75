"""Measurements of the service, and what they are in Cloche's words.

Source of the fields: Statistics of the HCS schema, version 1; times are counts of 100 nanoseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.stats import Stats

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["stats_in"]

_TICK = 100


def stats_in(properties: Mapping[str, object]) -> Stats:
    """Read what is there; the service leaves out what it does not measure."""
    statistics = _part(properties, "Statistics")
    processor, memory = _part(statistics, "Processor"), _part(statistics, "Memory")
    storage = _part(statistics, "Storage")
    return Stats(
        cpu_usage=_time(processor, "TotalRuntime100ns"),
        cpu_user=_time(processor, "RuntimeUser100ns"),
        cpu_system=_time(processor, "RuntimeKernel100ns"),
        memory_usage=_number(memory, "MemoryUsageCommitBytes"),
        memory_peak=_number(memory, "MemoryUsageCommitPeakBytes"),
        io_read=_number(storage, "ReadSizeBytes"),
        io_write=_number(storage, "WriteSizeBytes"),
    )


def _part(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _number(document: Mapping[str, object], name: str) -> int | None:
    found = document.get(name)
    return found if isinstance(found, int) and found >= 0 else None


def _time(document: Mapping[str, object], name: str) -> int | None:
    ticks = _number(document, name)
    return None if ticks is None else ticks * _TICK
