"""The Linux section of a container's configuration."""

from __future__ import annotations

from collections.abc import Mapping

from .document import Document
from .integers import Int64, UInt32
from .resources import LinuxResources
from .seccomp import LinuxSeccomp

__all__ = [
    "Linux",
    "LinuxDevice",
    "LinuxIDMapping",
    "LinuxIntelRdt",
    "LinuxMemoryPolicy",
    "LinuxNamespace",
    "LinuxNetDevice",
    "LinuxPersonality",
    "LinuxTimeOffset",
]


class LinuxNamespace(Document):
    """A namespace to make, or with ``path`` to join.

    Types: pid, network, mount, ipc, uts, user, cgroup, time.
    """

    type: str
    path: str | None = None


class LinuxIDMapping(Document, names={"container_id": "containerID", "host_id": "hostID"}):
    """``size`` ids that follow each other, seen inside from ``container_id`` on."""

    container_id: UInt32
    host_id: UInt32
    size: UInt32


class LinuxDevice(Document):
    """A device node to make: type ``c``, ``u``, ``b`` or ``p`` (a FIFO, which has no numbers)."""

    path: str
    type: str
    major: Int64 | None = None
    minor: Int64 | None = None
    file_mode: UInt32 | None = None
    uid: UInt32 | None = None
    gid: UInt32 | None = None


class LinuxNetDevice(Document):
    """A network device of the host that moves into the container, under ``name`` if given."""

    name: str | None = None


class LinuxTimeOffset(Document):
    """How far a clock of the time namespace differs from the host's."""

    secs: Int64 | None = None
    nanosecs: UInt32 | None = None


class LinuxPersonality(Document):
    """The execution domain: ``LINUX`` or ``LINUX32``."""

    domain: str
    flags: tuple[str, ...] | None = None


class LinuxMemoryPolicy(Document):
    """The NUMA memory policy: a mode such as ``MPOL_BIND``, and node ranges such as ``0-3,7``."""

    mode: str
    nodes: str | None = None
    flags: tuple[str, ...] | None = None


class LinuxIntelRdt(Document, names={"clos_id": "closID"}):
    """Cache and memory bandwidth by resctrl; ``schemata`` lines are written as they are."""

    clos_id: str | None = None
    schemata: tuple[str, ...] | None = None
    l3_cache_schema: str | None = None
    mem_bw_schema: str | None = None
    enable_monitoring: bool | None = None


class Linux(Document):
    """How a Linux container is isolated and limited."""

    uid_mappings: tuple[LinuxIDMapping, ...] | None = None
    gid_mappings: tuple[LinuxIDMapping, ...] | None = None
    sysctl: Mapping[str, str] | None = None
    resources: LinuxResources | None = None
    cgroups_path: str | None = None
    namespaces: tuple[LinuxNamespace, ...] | None = None
    devices: tuple[LinuxDevice, ...] | None = None
    net_devices: Mapping[str, LinuxNetDevice] | None = None
    seccomp: LinuxSeccomp | None = None
    rootfs_propagation: str | None = None
    masked_paths: tuple[str, ...] | None = None
    readonly_paths: tuple[str, ...] | None = None
    mount_label: str | None = None
    intel_rdt: LinuxIntelRdt | None = None
    memory_policy: LinuxMemoryPolicy | None = None
    personality: LinuxPersonality | None = None
    time_offsets: Mapping[str, LinuxTimeOffset] | None = None
