"""The Solaris section of a container's configuration."""

from __future__ import annotations

from .document import Document

__all__ = ["Solaris", "SolarisAnet", "SolarisCappedCPU", "SolarisCappedMemory"]


class SolarisAnet(Document):
    """A network device that Solaris makes when the zone boots."""

    linkname: str | None = None
    lower_link: str | None = None
    allowed_address: str | None = None
    configure_allowed_address: str | None = None
    defrouter: str | None = None
    link_protection: str | None = None
    mac_address: str | None = None


class SolarisCappedCPU(Document):
    """How many processors, as a decimal number."""

    ncpus: str | None = None


class SolarisCappedMemory(Document):
    """How much memory, with a unit such as ``512m``."""

    physical: str | None = None
    swap: str | None = None


class Solaris(Document, names={"capped_cpu": "cappedCPU"}):
    """How a Solaris zone is set up and limited."""

    milestone: str | None = None
    limitpriv: str | None = None
    max_shm_memory: str | None = None
    anet: tuple[SolarisAnet, ...] | None = None
    capped_cpu: SolarisCappedCPU | None = None
    capped_memory: SolarisCappedMemory | None = None
