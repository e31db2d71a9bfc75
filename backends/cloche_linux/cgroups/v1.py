"""Limits in the files of cgroup v1.

Values pass as the OCI runtime-spec has them, for its units are those of these files. Source: the
kernel's admin-guide/cgroup-v1, and the runtime-spec's config-linux.md.
"""

from __future__ import annotations

from cloche_linux.cgroups.settings import Refusal, Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cloche.spec import (
        LinuxBlockIO,
        LinuxCPU,
        LinuxHugepageLimit,
        LinuxMemory,
        LinuxNetwork,
        LinuxPids,
        LinuxRdma,
        LinuxThrottleDevice,
    )

    Answer = Iterator[Setting | Refusal]

__all__ = [
    "block_io",
    "cpu",
    "cpuset",
    "hugepages",
    "leaf_weights",
    "memory",
    "network",
    "pids",
    "rdma",
    "throttles",
    "weights",
]

_SHARES = (2, 262_144)


def memory(asked: LinuxMemory) -> Answer:
    """Memory in bytes; a limit of -1 takes the swap's limit away, too, where none is asked."""
    swap = -1 if asked.limit == -1 and not asked.swap else asked.swap
    yield from _memory("memory", "limit", "limit_in_bytes", asked.limit or None)
    yield from _memory("memory_swap", "swap", "memsw.limit_in_bytes", swap or None)
    yield from _memory("memory", "reservation", "soft_limit_in_bytes", asked.reservation or None)
    yield from _memory("memory", "kernelTCP", "kmem.tcp.limit_in_bytes", asked.kernel_tcp)
    yield from _memory("swappiness", "swappiness", "swappiness", asked.swappiness)
    if asked.disable_oom_killer:
        yield from _memory("oom", "disableOOMKiller", "oom_control", 1)
    if asked.kernel:
        reason = "Linux took limits on kernel memory away"
        yield Refusal(limit="kernel-memory", reason=reason, field="memory.kernel")


def cpu(asked: LinuxCPU) -> Answer:
    """Shares, clamped to what the kernel takes, and times in microseconds."""
    shares = min(max(asked.shares, _SHARES[0]), _SHARES[1]) if asked.shares else None
    yield from _cpu("shares", "shares", shares, limit="cpu_shares")
    yield from _cpu("period", "cfs_period_us", asked.period or None)
    yield from _cpu("quota", "cfs_quota_us", asked.quota or None)
    yield from _cpu("burst", "cfs_burst_us", asked.burst)
    yield from _cpu("realtimePeriod", "rt_period_us", asked.realtime_period or None)
    yield from _cpu("realtimeRuntime", "rt_runtime_us", asked.realtime_runtime or None)
    yield from _cpu("idle", "idle", asked.idle)


def cpuset(asked: LinuxCPU) -> Answer:
    """Processors and memory nodes; the same files in v1 and v2."""
    for name, value in (("cpus", asked.cpus), ("mems", asked.mems)):
        if value:
            yield Setting(
                limit="cpuset_cpus",
                controller="cpuset",
                file=f"cpuset.{name}",
                value=value,
                field=f"cpu.{name}",
            )


def pids(asked: LinuxPids) -> Answer:
    """Tasks; the same file in v1 and v2. 0 is no limit asked, as the runtime-spec had it."""
    if asked.limit:
        value = str(asked.limit) if 0 < asked.limit < _PIDS else "max"
        yield Setting(
            limit="pids_limit", controller="pids", file="pids.max", value=value, field="pids.limit"
        )


def block_io(asked: LinuxBlockIO) -> Answer:
    """Weights, which only some I/O schedulers heed, and throttles."""
    for field, device, weight in weights(asked):
        if device is None:
            yield _weight("weight", str(weight), field)
        else:
            yield _weight("weight_device", f"{device} {weight}", field)
    yield from leaf_weights(asked, "Linux took leaf weights away")
    for field, (direction, unit), limited in throttles(asked):
        value = f"{limited.major}:{limited.minor} {limited.rate}"
        yield _io(f"blkio.throttle.{direction}_{unit}_device", value, field)


def weights(asked: LinuxBlockIO) -> Iterator[tuple[str, str | None, int]]:
    """Each weight with its place in the section and its device, which the general one has not."""
    if asked.weight:
        yield "weight", None, asked.weight
    for number, device in enumerate(asked.weight_device or ()):
        if device.weight:
            place = f"weightDevice[{number}].weight"
            yield place, f"{device.major}:{device.minor}", device.weight


def throttles(
    asked: LinuxBlockIO,
) -> Iterator[tuple[str, tuple[str, str], LinuxThrottleDevice]]:
    """Each throttle with its place in the section, its direction and what it counts."""
    for field, kind, devices in (
        ("throttleReadBpsDevice", ("read", "bps"), asked.throttle_read_bps_device),
        ("throttleWriteBpsDevice", ("write", "bps"), asked.throttle_write_bps_device),
        ("throttleReadIOPSDevice", ("read", "iops"), asked.throttle_read_iops_device),
        ("throttleWriteIOPSDevice", ("write", "iops"), asked.throttle_write_iops_device),
    ):
        for number, limited in enumerate(devices or ()):
            yield f"{field}[{number}]", kind, limited


def leaf_weights(asked: LinuxBlockIO, reason: str) -> Answer:
    """Weights that no Linux of today has, in either version."""
    fields = [("leafWeight", asked.leaf_weight)] + [
        (f"weightDevice[{number}].leafWeight", device.leaf_weight)
        for number, device in enumerate(asked.weight_device or ())
    ]
    for field, weight in fields:
        if weight:
            yield Refusal(limit="io", reason=reason, field=f"blockIO.{field}")


def hugepages(asked: tuple[LinuxHugepageLimit, ...]) -> Answer:
    """Bytes of huge pages of each size."""
    for number, one in enumerate(asked):
        yield Setting(
            limit="hugetlb",
            controller="hugetlb",
            file=f"hugetlb.{one.page_size}.limit_in_bytes",
            value=str(one.limit),
            field=f"hugepageLimits[{number}]",
        )


def rdma(asked: Mapping[str, LinuxRdma]) -> Answer:
    """Handles and objects of RDMA devices; the same file in v1 and v2."""
    for device, one in asked.items():
        amounts = {"hca_handle": one.hca_handles, "hca_object": one.hca_objects}
        words = [f"{name}={amount}" for name, amount in amounts.items() if amount is not None]
        value = " ".join([device, *words])
        field = f'rdma["{device}"]'
        yield Setting(limit="rdma", controller="rdma", file="rdma.max", value=value, field=field)


def network(asked: LinuxNetwork) -> Answer:
    """Class and priorities of the traffic."""
    if asked.class_id is not None:
        value, field = str(asked.class_id), "network.classID"
        yield _net("net_cls", "net_cls.classid", value, field)
    for number, one in enumerate(asked.priorities or ()):
        value, field = f"{one.name} {one.priority}", f"network.priorities[{number}]"
        yield _net("net_prio", "net_prio.ifpriomap", value, field)


#: Above this a machine has no numbers left, and the kernel takes the word only.
_PIDS = 4 * 1024 * 1024


def _memory(limit: str, name: str, file: str, value: int | None) -> Answer:
    if value is not None:
        yield Setting(
            limit=limit,
            controller="memory",
            file=f"memory.{file}",
            value=str(value),
            field=f"memory.{name}",
        )


def _cpu(name: str, file: str, value: int | None, limit: str = "cpus") -> Answer:
    if value is not None:
        yield Setting(
            limit=limit,
            controller="cpu",
            file=f"cpu.{file}",
            value=str(value),
            field=f"cpu.{name}",
        )


def _net(controller: str, file: str, value: str, field: str) -> Setting:
    return Setting(limit="network", controller=controller, file=file, value=value, field=field)


def _weight(what: str, value: str, field: str) -> Setting:
    return _io(f"blkio.bfq.{what}", value, field, instead=_io(f"blkio.{what}", value, field))


def _io(file: str, value: str, field: str, instead: Setting | None = None) -> Setting:
    return Setting(
        limit="io",
        controller="blkio",
        file=file,
        value=value,
        field=f"blockIO.{field}",
        instead=instead,
    )
