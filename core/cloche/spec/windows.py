"""The Windows section of a container's configuration."""

from __future__ import annotations

from collections.abc import Mapping

from .document import Document
from .integers import UInt16, UInt32, UInt64

__all__ = [
    "Windows",
    "WindowsCPUGroupAffinity",
    "WindowsCPUResources",
    "WindowsDevice",
    "WindowsHyperV",
    "WindowsMemoryResources",
    "WindowsNetwork",
    "WindowsResources",
    "WindowsStorageResources",
]


class WindowsDevice(Document):
    """A device to show in the container; ``id_type`` is ``class`` for an interface class GUID."""

    id: str
    id_type: str


class WindowsMemoryResources(Document):
    """The most memory the container may commit, in bytes."""

    limit: UInt64 | None = None


class WindowsCPUGroupAffinity(Document):
    """Processors of one processor group, as a bit mask."""

    mask: UInt64 | None = None
    group: UInt32 | None = None


class WindowsCPUResources(Document):
    """Processors: a count, a weight up to 10000, or a cap in hundredths of a percent."""

    count: UInt64 | None = None
    shares: UInt16 | None = None
    maximum: UInt16 | None = None
    affinity: tuple[WindowsCPUGroupAffinity, ...] | None = None


class WindowsStorageResources(Document):
    """Limits of the system drive a second, and the size of the writable layer in bytes."""

    iops: UInt64 | None = None
    bps: UInt64 | None = None
    sandbox_size: UInt64 | None = None


class WindowsResources(Document):
    """Everything that is limited."""

    memory: WindowsMemoryResources | None = None
    cpu: WindowsCPUResources | None = None
    storage: WindowsStorageResources | None = None


class WindowsNetwork(
    Document,
    names={
        "allow_unqualified_dns_query": "allowUnqualifiedDNSQuery",
        "dns_search_list": "DNSSearchList",
    },
):
    """Endpoints to attach, or another container whose network is shared."""

    endpoint_list: tuple[str, ...] | None = None
    allow_unqualified_dns_query: bool | None = None
    dns_search_list: tuple[str, ...] | None = None
    network_shared_container_name: str | None = None
    network_namespace: str | None = None


class WindowsHyperV(Document, names={"utility_vm_path": "utilityVMPath"}):
    """Asks for a virtual machine of its own; without a path the layers' utility VM is used."""

    utility_vm_path: str | None = None


class Windows(Document):
    """How a Windows container is isolated and limited; layers from the uppermost to the base."""

    layer_folders: tuple[str, ...]
    devices: tuple[WindowsDevice, ...] | None = None
    resources: WindowsResources | None = None
    #: As an object, or as the text that the host compute service takes.
    credential_spec: Mapping[str, object] | str | None = None
    servicing: bool | None = None
    ignore_flushes_during_boot: bool | None = None
    hyperv: WindowsHyperV | None = None
    network: WindowsNetwork | None = None
