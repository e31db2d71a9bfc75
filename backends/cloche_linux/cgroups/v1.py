"""Limits in the files of cgroup v1.

Values pass as the OCI runtime-spec has them, for its units are those of these files. Source: the
kernel's admin-guide/cgroup-v1, and the runtime-spec's config-linux.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche_linux.cgroups.settings import Refusal, Setting

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
    )

    Answer = Iterator[Setting | Refusal]

__all__ = ["block_io", "cpu", "cpuset", "hugepages", "memory", "network", "pids", "rdma"]

_SHARES = (2, 262_144)


def memory(asked: LinuxMemory) -> Answer:
    """Memory in bytes; a limit of -1 takes the swap's limit away, too, where none is asked."""
    swap = -1 if asked.limit == -1 and not asked.swap else asked.swap
    yield from _number("memory", "memory", "memory.limit_in_bytes", asked.limit or None)
    yield from _number("memory_swap", "memory", "memory.memsw.limit_in_bytes", swap or None)
    yield from _number("memory", "memory", "memory.soft_limit_in_bytes", asked.reservation or None)
    yield from _number("memory", "memory", "memory.kmem.tcp.limit_in_bytes", asked.kernel_tcp)
    yield from _number("swappiness", "memory", "memory.swappiness", asked.swappiness)
    if asked.disable_oom_killer:
        yield Setting(limit="oom", controller="memory", file="memory.oom_control", value="1")
    if asked.kernel:
        yield Refusal(limit="kernel-memory", reason="Linux took limits on kernel memory away")


def cpu(asked: LinuxCPU) -> Answer:
    """Shares, clamped to what the kernel takes, and times in microseconds."""
    shares = min(max(asked.shares, _SHARES[0]), _SHARES[1]) if asked.shares else None
    yield from _number("cpu_shares", "cpu", "cpu.shares", shares)
    yield from _number("cpus", "cpu", "cpu.cfs_period_us", asked.period or None)
    yield from _number("cpus", "cpu", "cpu.cfs_quota_us", asked.quota or None)
    yield from _number("cpus", "cpu", "cpu.cfs_burst_us", asked.burst)
    yield from _number("cpus", "cpu", "cpu.rt_period_us", asked.realtime_period or None)
    yield from _number("cpus", "cpu", "cpu.rt_runtime_us", asked.realtime_runtime or None)
    yield from _number("cpus", "cpu", "cpu.idle", asked.idle)


def cpuset(asked: LinuxCPU) -> Answer:
    """Processors and memory nodes; the same files in v1 and v2."""
    for file, value in (("cpuset.cpus", asked.cpus), ("cpuset.mems", asked.mems)):
        if value:
            yield Setting(limit="cpuset_cpus", controller="cpuset", file=file, value=value)


def pids(asked: LinuxPids) -> Answer:
    """Tasks; the same file in v1 and v2. 0 is no limit asked, as the runtime-spec had it."""
    if asked.limit:
        value = str(asked.limit) if 0 < asked.limit < _PIDS else "max"
        yield Setting(limit="pids_limit", controller="pids", file="pids.max", value=value)


def block_io(asked: LinuxBlockIO) -> Answer:
    """Weights, which only some I/O schedulers heed, and throttles."""
    if asked.weight:
        yield _weight("weight", str(asked.weight))
    for device in asked.weight_device or ():
        if device.weight:
            yield _weight("weight_device", f"{device.major}:{device.minor} {device.weight}")
    if asked.leaf_weight:
        yield Refusal(limit="io", reason="Linux took leaf weights away")
    for file, devices in (
        ("read_bps", asked.throttle_read_bps_device),
        ("write_bps", asked.throttle_write_bps_device),
        ("read_iops", asked.throttle_read_iops_device),
        ("write_iops", asked.throttle_write_iops_device),
    ):
        for limited in devices or ():
            value = f"{limited.major}:{limited.minor} {limited.rate}"
            yield _io(f"blkio.throttle.{file}_device", value)


def hugepages(asked: tuple[LinuxHugepageLimit, ...]) -> Answer:
    """Bytes of huge pages of each size."""
    for one in asked:
        file = f"hugetlb.{one.page_size}.limit_in_bytes"
        yield from _number("hugetlb", "hugetlb", file, one.limit)


def rdma(asked: Mapping[str, LinuxRdma]) -> Answer:
    """Handles and objects of RDMA devices; the same file in v1 and v2."""
    for device, one in asked.items():
        amounts = {"hca_handle": one.hca_handles, "hca_object": one.hca_objects}
        words = [f"{name}={amount}" for name, amount in amounts.items() if amount is not None]
        value = " ".join([device, *words])
        yield Setting(limit="rdma", controller="rdma", file="rdma.max", value=value)


def network(asked: LinuxNetwork) -> Answer:
    """Class and priorities of the traffic."""
    yield from _number("network", "net_cls", "net_cls.classid", asked.class_id)
    for one in asked.priorities or ():
        value = f"{one.name} {one.priority}"
        file = "net_prio.ifpriomap"
        yield Setting(limit="network", controller="net_prio", file=file, value=value)


#: Above this a machine has no numbers left, and the kernel takes the word only.
_PIDS = 4 * 1024 * 1024


def _number(limit: str, controller: str, file: str, value: int | None) -> Answer:
    if value is not None:
        yield Setting(limit=limit, controller=controller, file=file, value=str(value))


def _weight(what: str, value: str) -> Setting:
    return _io(f"blkio.bfq.{what}", value, instead=_io(f"blkio.{what}", value))


def _io(file: str, value: str, instead: Setting | None = None) -> Setting:
    return Setting(limit="io", controller="blkio", file=file, value=value, instead=instead)
