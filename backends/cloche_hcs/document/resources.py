"""Limits; 0 is none, and is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.spec import (
    WindowsCPUResources,
    WindowsMemoryResources,
    WindowsResources,
    WindowsStorageResources,
)

if TYPE_CHECKING:
    from cloche.spec import Windows

__all__ = ["resources"]

_MEGABYTE = 1 << 20


def resources(windows: Windows) -> dict[str, int]:
    """Name the limits that are set."""
    limits = windows.resources or WindowsResources()
    return _processor(limits.cpu or WindowsCPUResources()) | _rest(limits)


def _processor(cpu: WindowsCPUResources) -> dict[str, int]:
    return _set(
        ProcessorCount=cpu.count,
        ProcessorWeight=cpu.shares,
        ProcessorMaximum=cpu.maximum,
    )


def _rest(limits: WindowsResources) -> dict[str, int]:
    storage = limits.storage or WindowsStorageResources()
    return _set(
        StorageIOPSMaximum=storage.iops,
        StorageBandwidthMaximum=storage.bps,
        StorageSandboxSize=storage.sandbox_size,
        MemoryMaximumInMB=_megabytes((limits.memory or WindowsMemoryResources()).limit),
    )


def _megabytes(limit: int | None) -> int | None:
    """Whole ones, and never none where there is a limit: that would lift it."""
    return max(1, limit // _MEGABYTE) if limit else None


def _set(**limits: int | None) -> dict[str, int]:
    return {name: limit for name, limit in limits.items() if limit}
