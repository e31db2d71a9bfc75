"""Limits in the files of cgroup v2, with the conversions that all runtimes make.

Sources: the kernel's admin-guide/cgroup-v2.rst; shares become a weight by the formula that runc and
crun agree on since 2025 (2 → 1, 1024 → 100, 262144 → 10000).
"""

from __future__ import annotations

from cloche.errors import InvalidSpec
from cloche_linux.cgroups.settings import Refusal, Setting
from cloche_linux.cgroups.v1 import leaf_weights, throttles, weights

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cloche.spec import (
        LinuxBlockIO,
        LinuxCPU,
        LinuxHugepageLimit,
        LinuxMemory,
        LinuxNetwork,
    )

    Answer = Iterator[Setting | Refusal]

__all__ = ["block_io", "cpu", "hugepages", "memory", "network", "swap_alone", "unified", "weight"]


def memory(asked: LinuxMemory) -> Answer:
    """Memory in bytes; the spec counts memory and swap together, v2 swap alone."""
    yield from _bytes("memory", "limit", "memory.max", asked.limit or None)
    yield from _bytes("memory_swap", "swap", "memory.swap.max", swap_alone(asked))
    yield from _bytes("memory", "reservation", "memory.low", asked.reservation or None)
    for limit, name, value in (
        ("swappiness", "swappiness", asked.swappiness),
        ("oom", "disableOOMKiller", asked.disable_oom_killer),
        ("kernel-memory", "kernel", asked.kernel),
        ("kernel-memory", "kernelTCP", asked.kernel_tcp),
    ):
        if value:
            reason = f"cgroup v2 has no {limit} setting"
            yield Refusal(limit=limit, reason=reason, field=f"memory.{name}")


def swap_alone(asked: LinuxMemory) -> int | None:
    """Take the memory out of the limit on both; -1 for no limit, None for none asked."""
    if asked.limit == -1 and not asked.swap:
        return -1
    if not asked.swap or asked.swap < 0:
        return asked.swap or None
    if not asked.limit or asked.limit < 0 or asked.swap < asked.limit:
        message = "a limit on memory and swap needs a limit on memory that is not above it"
        path = "linux.resources.memory.swap"
        raise InvalidSpec(f"{path}: {message}", path=path)
    return asked.swap - asked.limit


def cpu(asked: LinuxCPU) -> Answer:
    """A weight from shares, and times in microseconds."""
    if asked.shares:
        yield _cpu("cpu.weight", str(weight(asked.shares)), "shares", limit="cpu_shares")
    if asked.quota or asked.period:
        quota = str(asked.quota) if asked.quota and asked.quota > 0 else "max"
        value = f"{quota} {asked.period}" if asked.period else quota
        yield _cpu("cpu.max", value, "quota" if asked.quota else "period")
    if asked.burst is not None:
        yield _cpu("cpu.max.burst", str(asked.burst), "burst")
    if asked.idle is not None:
        yield _cpu("cpu.idle", str(asked.idle), "idle")
    reason = "cgroup v2 has no realtime limits"
    if asked.realtime_period:
        yield Refusal(limit="cpus", reason=reason, field="cpu.realtimePeriod")
    if asked.realtime_runtime:
        yield Refusal(limit="cpus", reason=reason, field="cpu.realtimeRuntime")


def weight(shares: int) -> int:
    """Convert v1's shares (2 to 262144) into v2's weight (1 to 10000)."""
    import math

    shares = min(max(shares, 2), 262_144)
    power = math.log2(shares)
    exponent = (power * power + 125 * power) / 612.0 - 7.0 / 34.0
    return min(max(math.ceil(math.pow(10, exponent)), 1), 10_000)


def block_io(asked: LinuxBlockIO) -> Answer:
    """Weights, which only some I/O schedulers heed, and throttles."""
    for field, device, amount in weights(asked):
        yield _weight(device or "default", amount, field)
    yield from leaf_weights(asked, "cgroup v2 has no leaf weights")
    for field, (direction, unit), limited in throttles(asked):
        value = f"{limited.major}:{limited.minor} {direction[0]}{unit}={limited.rate or 'max'}"
        yield _io("io.max", value, field)


def hugepages(asked: tuple[LinuxHugepageLimit, ...]) -> Answer:
    """Bytes of huge pages of each size."""
    for number, one in enumerate(asked):
        yield Setting(
            limit="hugetlb",
            controller="hugetlb",
            file=f"hugetlb.{one.page_size}.max",
            value=str(one.limit),
            field=f"hugepageLimits[{number}]",
        )


def network(asked: LinuxNetwork) -> Answer:
    """Nothing: v2 leaves the marking of traffic to BPF and netfilter."""
    reason = "cgroup v2 does not mark network traffic"
    if asked.class_id:
        yield Refusal(limit="network", reason=reason, field="network.classID")
    if asked.priorities:
        yield Refusal(limit="network", reason=reason, field="network.priorities")


def unified(asked: Mapping[str, str]) -> Answer:
    """Files and values as they were given; the controller is the file's first name."""
    for file, value in asked.items():
        field = f'unified["{file}"]'
        if "/" in file or "." not in file or file in _NOT_LIMITS:
            path = "linux.resources.unified"
            raise InvalidSpec(f"{path}: {file!r} is not a file that limits anything", path=path)
        controller = file.split(".")[0]
        yield Setting(limit="unified", controller=controller, file=file, value=value, field=field)


#: Files by which a group is run: writing to them is not the specification's.
_NOT_LIMITS = frozenset(
    f"cgroup.{name}"
    for name in ("procs", "threads", "kill", "freeze", "type", "subtree_control", "controllers")
)


def _bytes(limit: str, name: str, file: str, value: int | None) -> Answer:
    if value is not None:
        text, field = "max" if value < 0 else str(value), f"memory.{name}"
        yield Setting(limit=limit, controller="memory", file=file, value=text, field=field)


def _cpu(file: str, value: str, name: str, limit: str = "cpus") -> Setting:
    return Setting(limit=limit, controller="cpu", file=file, value=value, field=f"cpu.{name}")


def _weight(device: str, value: int, field: str) -> Setting:
    """BFQ takes the spec's 10 to 1000 as it is, the cost model 1 to 10000."""
    wide = 1 + (value - 10) * 9999 // 990
    instead = _io("io.weight", f"{device} {wide}", field)
    return _io("io.bfq.weight", f"{device} {value}", field, instead)


def _io(file: str, value: str, field: str, instead: Setting | None = None) -> Setting:
    return Setting(
        limit="io",
        controller="io",
        file=file,
        value=value,
        field=f"blockIO.{field}",
        instead=instead,
    )
