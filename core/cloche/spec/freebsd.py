"""The FreeBSD section of a container's configuration."""

from __future__ import annotations

from .document import Document
from .integers import UInt8, UInt32

__all__ = ["FreeBSD", "FreeBSDDevice", "FreeBSDJail", "FreeBSDJailAllow"]


class FreeBSDDevice(Document):
    """A device that may be seen, by its path below ``/dev``."""

    path: str
    mode: UInt32 | None = None


class FreeBSDJailAllow(Document):
    """What the jail's processes may do beside the usual."""

    set_hostname: bool | None = None
    raw_sockets: bool | None = None
    chflags: bool | None = None
    mount: tuple[str, ...] | None = None
    quotas: bool | None = None
    socket_af: bool | None = None
    mlock: bool | None = None
    reserved_ports: bool | None = None
    suser: bool | None = None


class FreeBSDJail(Document):
    """The jail's parameters; what may be shared is ``disable``, ``new`` or ``inherit``."""

    parent: str | None = None
    host: str | None = None
    ip4: str | None = None
    ip4_addr: tuple[str, ...] | None = None
    ip6: str | None = None
    ip6_addr: tuple[str, ...] | None = None
    vnet: str | None = None
    interface: str | None = None
    vnet_interfaces: tuple[str, ...] | None = None
    sysvmsg: str | None = None
    sysvsem: str | None = None
    sysvshm: str | None = None
    enforce_statfs: UInt8 | None = None
    allow: FreeBSDJailAllow | None = None


class FreeBSD(Document):
    """How a FreeBSD container is isolated."""

    devices: tuple[FreeBSDDevice, ...] | None = None
    jail: FreeBSDJail | None = None
