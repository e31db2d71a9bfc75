"""The section of containers that are virtual machines."""

from __future__ import annotations

from .document import Document
from .integers import UInt32, UInt64

__all__ = ["VM", "HWConfig", "IOMems", "VMHypervisor", "VMImage", "VMKernel"]


class VMHypervisor(Document):
    """The program that runs the machine."""

    path: str
    parameters: tuple[str, ...] | None = None


class VMKernel(Document):
    """The kernel that the machine boots."""

    path: str
    parameters: tuple[str, ...] | None = None
    initrd: str | None = None


class VMImage(Document):
    """The machine's root image; formats are raw, qcow2, vdi, vmdk, vhd."""

    path: str
    format: str


class IOMems(
    Document, names={"first_gfn": "firstGFN", "first_mfn": "firstMFN", "nr_mfns": "nrMFNs"}
):
    """Machine frames that the guest may use as I/O memory."""

    first_gfn: UInt64 | None = None
    first_mfn: UInt64
    nr_mfns: UInt64


class HWConfig(Document):
    """The machine's hardware; memory in bytes."""

    device_tree: str | None = None
    vcpus: UInt32 | None = None
    memory: UInt64 | None = None
    dtdevs: tuple[str, ...] | None = None
    iomems: tuple[IOMems, ...] | None = None
    irqs: tuple[UInt32, ...] | None = None


class VM(Document):
    """A container that is a virtual machine.

    The written specification says ``hwConfig``, its Go types ``hwconfig``; this is the former.
    """

    hypervisor: VMHypervisor | None = None
    kernel: VMKernel
    image: VMImage | None = None
    hw_config: HWConfig | None = None
