"""Limits and devices in the specification's words."""

from __future__ import annotations

import os
import re
import stat
import sys
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec
from cloche.spec import (
    LinuxCPU,
    LinuxDevice,
    LinuxDeviceCgroup,
    LinuxMemory,
    LinuxPids,
    LinuxResources,
    POSIXRlimit,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.request import Asked

__all__ = ["LIMITS", "devices", "resources", "rlimits"]

#: What a process needs to be set up at all, with room to spare; docker's least, too.
LEAST_MEMORY = 6 << 20
#: Parameters that take a control group to enforce.
LIMITS = ("memory", "memory_swap", "cpus", "cpu_shares", "cpuset_cpus", "pids_limit")
_PERIOD = 100_000
_UNLIMITED = 2**64 - 1
_RLIMITS = frozenset(
    [
        "as",
        "core",
        "cpu",
        "data",
        "fsize",
        "locks",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "rttime",
        "sigpending",
        "stack",
    ]
)
#: ``/dev/SRC[:/dev/DST][:rwm]``
_DEVICE = re.compile(r"(/[^:]+)(?::(/[^:]+))?(?::([rwm]{1,3}))?")


def resources(asked: Asked, rules: tuple[LinuxDeviceCgroup, ...]) -> LinuxResources | None:
    """Say what is limited; None if nothing is."""
    limited = LinuxResources(
        devices=rules or None, memory=_memory(asked), cpu=_cpu(asked), pids=_pids(asked)
    )
    return None if limited == LinuxResources() else limited


def _memory(asked: Asked) -> LinuxMemory | None:
    memory, swap = asked.memory, asked.memory_swap
    if swap is not None and memory is None:
        raise InvalidSpec("memory_swap: it needs memory beside it", path="memory_swap")
    if memory is not None and memory < LEAST_MEMORY:
        raise InvalidSpec(
            f"memory: {memory} bytes are too few to start anything",
            path="memory",
            hint="6M is the least",
        )
    if memory is None:
        return None
    if swap is not None and swap != -1 and swap < memory:
        raise InvalidSpec(
            f"memory_swap: {swap} is less than memory, {memory}",
            path="memory_swap",
            hint="it is memory and swap together",
        )
    return LinuxMemory(limit=memory, swap=swap)


def _cpu(asked: Asked) -> LinuxCPU | None:
    if asked.cpus is None and asked.cpu_shares is None and asked.cpuset_cpus is None:
        return None
    return LinuxCPU(
        shares=asked.cpu_shares,
        quota=None if asked.cpus is None else max(1000, round(asked.cpus * _PERIOD)),
        period=None if asked.cpus is None else _PERIOD,
        cpus=_processors(asked.cpuset_cpus),
    )


def _processors(text: str | None) -> str | None:
    if text is not None and not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", text):
        raise InvalidSpec(
            f"cpuset_cpus: {text!r} is not a list of processors", path="cpuset_cpus", hint="0-2,4"
        )
    return text


def _pids(asked: Asked) -> LinuxPids | None:
    return None if asked.pids_limit in (None, -1, 0) else LinuxPids(limit=asked.pids_limit)


def rlimits(limits: Mapping[str, tuple[int, int]]) -> tuple[POSIXRlimit, ...]:
    """Put ``ulimit`` names and numbers into the specification's."""
    return tuple(_rlimit(name, *both) for name, both in limits.items())


def _rlimit(name: str, soft: int, hard: int) -> POSIXRlimit:
    word = name.lower().removeprefix("rlimit_")
    if word not in _RLIMITS:
        raise InvalidSpec(
            f"ulimits: there is no limit {name}", path="ulimits", hint=", ".join(sorted(_RLIMITS))
        )
    numbers = [_UNLIMITED if number == -1 else number for number in (soft, hard)]
    return POSIXRlimit(type=f"RLIMIT_{word.upper()}", soft=numbers[0], hard=numbers[1])


def devices(
    asked: Asked, capabilities: tuple[str, ...]
) -> tuple[tuple[LinuxDevice, ...], tuple[LinuxDeviceCgroup, ...]]:
    """Look at the devices asked for: their nodes, and rules where nodes alone do not suffice.

    Rules are needed when a device is not given for everything, or when the container may make nodes
    of its own: with CAP_MKNOD and no rules, it has the host's disks.
    """
    found = [_device(text) for text in asked.devices]
    nodes = tuple(node for node, _ in found)
    if "CAP_MKNOD" not in capabilities and all(rule.access == "rwm" for _, rule in found):
        return nodes, ()
    return nodes, (*_ordinary_rules(), *(rule for _, rule in found))


def _device(text: str) -> tuple[LinuxDevice, LinuxDeviceCgroup]:
    match = _DEVICE.fullmatch(text)
    if match is None:
        raise InvalidSpec(f"devices: {text!r} is not /dev/SRC[:/dev/DST[:rwm]]", path="devices")
    source, target, access = (
        match[1],
        match[2] or match[1],
        "".join(a for a in "rwm" if a in (match[3] or "rwm")),
    )
    try:
        found = os.stat(source)
    except OSError as error:
        raise InvalidSpec(
            f"devices: {source}: {(error.strerror or '').lower()}", path="devices"
        ) from None
    if not (stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode)):
        raise InvalidSpec(f"devices: {source} is not a device", path="devices")
    kind = "c" if stat.S_ISCHR(found.st_mode) else "b"
    major, minor = _numbers(found)
    node = LinuxDevice(
        path=target,
        type=kind,
        major=major,
        minor=minor,
        file_mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
    )
    return node, LinuxDeviceCgroup(
        allow=True,
        type=kind,
        major=major,
        minor=minor,
        access="".join(sorted(access, key="rwm".find)),
    )


def _ordinary_rules() -> tuple[LinuxDeviceCgroup, ...]:
    """What every container may use: memory devices, random numbers, terminals; nothing else."""
    numbers = ((1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2), (136, None))
    allowed = (
        LinuxDeviceCgroup(allow=True, type="c", major=major, minor=minor, access="rwm")
        for major, minor in numbers
    )
    return (
        LinuxDeviceCgroup(allow=False, access="rwm"),
        LinuxDeviceCgroup(allow=True, type="c", access="m"),
        LinuxDeviceCgroup(allow=True, type="b", access="m"),
        *allowed,
    )


def _numbers(found: os.stat_result) -> tuple[int, int]:
    """The numbers by which Linux knows a device."""
    if sys.platform == "win32":
        raise InvalidSpec("devices: Windows has none of this kind", path="devices")
    else:  # noqa: RET506 - of which only one is there
        return os.major(found.st_rdev), os.minor(found.st_rdev)
