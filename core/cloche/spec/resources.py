"""Resource limits of a Linux container, in the units of the cgroup files."""

from __future__ import annotations

from collections.abc import Mapping

from .document import Document
from .integers import Int64, UInt16, UInt32, UInt64

__all__ = [
    "LinuxBlockIO",
    "LinuxBlockIODevice",
    "LinuxCPU",
    "LinuxDeviceCgroup",
    "LinuxHugepageLimit",
    "LinuxInterfacePriority",
    "LinuxMemory",
    "LinuxNetwork",
    "LinuxPids",
    "LinuxRdma",
    "LinuxResources",
    "LinuxThrottleDevice",
    "LinuxWeightDevice",
]


class LinuxDeviceCgroup(Document):
    """One rule of the device controller; absent numbers mean every device of the type."""

    allow: bool
    type: str | None = None
    major: Int64 | None = None
    minor: Int64 | None = None
    access: str | None = None


class LinuxMemory(
    Document, names={"kernel_tcp": "kernelTCP", "disable_oom_killer": "disableOOMKiller"}
):
    """Memory limits in bytes, -1 for none; ``swap`` is memory and swap together."""

    limit: Int64 | None = None
    reservation: Int64 | None = None
    swap: Int64 | None = None
    kernel: Int64 | None = None
    kernel_tcp: Int64 | None = None
    swappiness: UInt64 | None = None
    disable_oom_killer: bool | None = None
    use_hierarchy: bool | None = None
    check_before_update: bool | None = None


class LinuxCPU(Document):
    """Processor time: times in microseconds, ``cpus`` and ``mems`` as lists of ranges."""

    shares: UInt64 | None = None
    quota: Int64 | None = None
    burst: UInt64 | None = None
    period: UInt64 | None = None
    realtime_runtime: Int64 | None = None
    realtime_period: UInt64 | None = None
    cpus: str | None = None
    mems: str | None = None
    idle: Int64 | None = None


class LinuxPids(Document):
    """The most tasks that may exist at once; -1 for no limit."""

    limit: Int64 | None = None


class LinuxBlockIODevice(Document):
    """A block device by its numbers."""

    major: Int64
    minor: Int64


class LinuxWeightDevice(LinuxBlockIODevice):
    """A share of one device's bandwidth, 10 to 1000."""

    weight: UInt16 | None = None
    leaf_weight: UInt16 | None = None


class LinuxThrottleDevice(LinuxBlockIODevice):
    """A limit for one device, in bytes or operations a second."""

    rate: UInt64


class LinuxBlockIO(
    Document,
    names={
        "throttle_read_iops_device": "throttleReadIOPSDevice",
        "throttle_write_iops_device": "throttleWriteIOPSDevice",
    },
):
    """Block device weights and limits."""

    weight: UInt16 | None = None
    leaf_weight: UInt16 | None = None
    weight_device: tuple[LinuxWeightDevice, ...] | None = None
    throttle_read_bps_device: tuple[LinuxThrottleDevice, ...] | None = None
    throttle_write_bps_device: tuple[LinuxThrottleDevice, ...] | None = None
    throttle_read_iops_device: tuple[LinuxThrottleDevice, ...] | None = None
    throttle_write_iops_device: tuple[LinuxThrottleDevice, ...] | None = None


class LinuxHugepageLimit(Document):
    """A limit in bytes on pages of one size, such as ``2MB``."""

    page_size: str
    limit: UInt64


class LinuxInterfacePriority(Document):
    """The priority of traffic that leaves through one interface."""

    name: str
    priority: UInt32


class LinuxNetwork(Document, names={"class_id": "classID"}):
    """Marks for the container's network traffic."""

    class_id: UInt32 | None = None
    priorities: tuple[LinuxInterfacePriority, ...] | None = None


class LinuxRdma(Document):
    """Limits for one RDMA device."""

    hca_handles: UInt32 | None = None
    hca_objects: UInt32 | None = None


class LinuxResources(Document, names={"block_io": "blockIO"}):
    """Everything that is limited; ``unified`` is written to cgroup v2 files as it is."""

    devices: tuple[LinuxDeviceCgroup, ...] | None = None
    memory: LinuxMemory | None = None
    cpu: LinuxCPU | None = None
    pids: LinuxPids | None = None
    block_io: LinuxBlockIO | None = None
    hugepage_limits: tuple[LinuxHugepageLimit, ...] | None = None
    network: LinuxNetwork | None = None
    rdma: Mapping[str, LinuxRdma] | None = None
    unified: Mapping[str, str] | None = None
