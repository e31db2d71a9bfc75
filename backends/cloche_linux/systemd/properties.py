"""Limits as properties of a unit, so that systemd knows them and does not take them back.

They are read off the files' values, so that all ways to ask for a limit (``memory.limit``,
``unified``) come to the same property. What systemd does not know, or rounds, is written to the
files afterwards in any case. Source: systemd.resource-control(5).
"""

from __future__ import annotations

from cloche_linux.cgroups.settings import Setting
from cloche_linux.systemd.ranges import as_mask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cloche_linux.systemd.client import Property

    Found = Iterator[Property]

__all__ = ["of_settings"]

_INFINITY = 2**64 - 1
_PERIOD = 100_000
_SECOND = 1_000_000
#: systemd counts in hundredths of a processor, and would round down.
_STEP = 10_000

#: Amounts whose value is the file's, by the file.
_AMOUNTS = {
    "memory.max": "MemoryMax",
    "memory.high": "MemoryHigh",
    "memory.low": "MemoryLow",
    "memory.min": "MemoryMin",
    "memory.swap.max": "MemorySwapMax",
    "memory.limit_in_bytes": "MemoryLimit",
    "pids.max": "TasksMax",
    "cpu.weight": "CPUWeight",
    "cpu.shares": "CPUShares",
    "blkio.weight": "BlockIOWeight",
}
_SETS = {"cpuset.cpus": "AllowedCPUs", "cpuset.mems": "AllowedMemoryNodes"}
_THROTTLES = {
    "rbps": "IOReadBandwidthMax",
    "wbps": "IOWriteBandwidthMax",
    "riops": "IOReadIOPSMax",
    "wiops": "IOWriteIOPSMax",
}
#: The systemd that first knew a property that not all have whom containers meet.
_SINCE = {
    "AllowedCPUs": 244,
    "AllowedMemoryNodes": 244,
    "CPUQuotaPeriodUSec": 242,
    "CPUWeight=idle": 252,
}


def of_settings(settings: Iterable[Setting], version: int) -> list[Property]:
    """Say as properties what a systemd of this version knows of these settings.

    Of several for one device's throttling each is kept; of others the last counts.
    """
    found: dict[str, Property] = {}
    lists: dict[str, list[object]] = {}
    for setting in _paired([*settings]):
        for name, (kind, value) in _of(setting, version):
            if kind.startswith("a("):
                lists.setdefault(name, []).append(value)
            else:
                found[name] = (name, (kind, value))
    devices: list[Property] = [(name, ("a(st)", each)) for name, each in lists.items()]
    return [*found.values(), *devices]


def _paired(settings: list[Setting]) -> list[Setting]:
    """Put v1's quota and period together, as v2 has them."""
    files = {setting.file: setting for setting in settings}
    quota, period = files.get("cpu.cfs_quota_us"), files.get("cpu.cfs_period_us")
    if quota is None:
        return settings
    value = quota.value if period is None else f"{quota.value} {period.value}"
    both = Setting(
        limit=quota.limit, controller="cpu", file="cpu.max", value=value, field=quota.field
    )
    return [*settings, both]


def _of(setting: Setting, version: int) -> Found:
    file, value = setting.file, setting.value
    if file in _AMOUNTS:
        yield _AMOUNTS[file], ("t", _amount(value))
    elif file in _SETS and ":" not in value and version >= _SINCE[_SETS[file]]:
        yield _SETS[file], ("ay", as_mask(value))
    elif file in _SPECIAL:
        yield from _SPECIAL[file](value, version)
    elif setting.instead is not None:
        yield from _of(setting.instead, version)


def _amount(value: str) -> int:
    return _INFINITY if value in ("max", "-1") else int(value)


def _maximum(value: str, version: int) -> Found:
    """``cpu.max``: what a period may take, and perhaps the period."""
    quota, _, period = value.partition(" ")
    yield from _quota(quota, period or str(_PERIOD))
    if period and version >= _SINCE["CPUQuotaPeriodUSec"]:
        yield "CPUQuotaPeriodUSec", ("t", int(period))


def _quota(quota: str, period: str) -> Found:
    if quota in ("max", "-1"):
        yield "CPUQuotaPerSecUSec", ("t", _INFINITY)
        return
    each = int(quota) * _SECOND // int(period)
    yield "CPUQuotaPerSecUSec", ("t", each + -each % _STEP)


def _idle(value: str, version: int) -> Found:
    if value == "1" and version >= _SINCE["CPUWeight=idle"]:
        yield "CPUWeight", ("t", 0)


def _weight(value: str, version: int) -> Found:
    """``io.weight``: of all devices, or of one."""
    device, _, weight = value.rpartition(" ")
    if device in ("", "default"):
        yield "IOWeight", ("t", int(weight))
    else:
        yield "IODeviceWeight", ("a(st)", (_node(device), int(weight)))


def _throttle(value: str, version: int) -> Found:
    device, *words = value.split()
    for word in words:
        key, _, amount = word.partition("=")
        if key in _THROTTLES:
            yield _THROTTLES[key], ("a(st)", (_node(device), _amount(amount)))


def _node(device: str) -> str:
    return f"/dev/block/{device}"


_SPECIAL: dict[str, Callable[[str, int], Found]] = {
    "cpu.max": _maximum,
    "cpu.idle": _idle,
    "io.weight": _weight,
    "io.max": _throttle,
}
