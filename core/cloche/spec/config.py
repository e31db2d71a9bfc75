"""The root of a container's configuration and what belongs to no single platform."""

from __future__ import annotations

from collections.abc import Mapping

from .document import Document
from .integers import Int64
from .linux import Linux, LinuxIDMapping
from .process import Process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .freebsd import FreeBSD
    from .solaris import Solaris
    from .vm import VM
    from .windows import Windows
    from .zos import ZOS

__all__ = ["VERSION", "Hook", "Hooks", "Mount", "Root", "Spec"]

VERSION = "1.3.0"


class Root(Document):
    """The container's root file system."""

    path: str
    readonly: bool | None = None


class Mount(Document):
    """Something that appears at ``destination`` inside the container.

    `bind` and `tmpfs` make the two usual kinds.
    """

    destination: str
    type: str | None = None
    source: str | None = None
    options: tuple[str, ...] | None = None
    uid_mappings: tuple[LinuxIDMapping, ...] | None = None
    gid_mappings: tuple[LinuxIDMapping, ...] | None = None

    @classmethod
    def bind(cls, source: str, destination: str, *, read_only: bool = False) -> Mount:
        """Show ``source``, a file or directory of the host, with all that is mounted below it."""
        options = ("rbind", "ro" if read_only else "rw", "rprivate")
        return cls(destination=destination, type="bind", source=source, options=options)

    @classmethod
    def tmpfs(cls, destination: str, size: int | str | None = None) -> Mount:
        """An empty directory in memory; ``size`` is bytes, or a string as mount(8) takes it."""
        limit = () if size is None else (f"size={size}",)
        options = ("nosuid", "nodev", "noexec", *limit)
        return cls(destination=destination, type="tmpfs", source="tmpfs", options=options)


class Hook(Document):
    """A program of the host to run at one point of a container's life; timeout in seconds."""

    path: str
    args: tuple[str, ...] | None = None
    env: tuple[str, ...] | None = None
    timeout: Int64 | None = None


class Hooks(Document):
    """Programs by the moment when they run."""

    prestart: tuple[Hook, ...] | None = None
    create_runtime: tuple[Hook, ...] | None = None
    create_container: tuple[Hook, ...] | None = None
    start_container: tuple[Hook, ...] | None = None
    poststart: tuple[Hook, ...] | None = None
    poststop: tuple[Hook, ...] | None = None


class Spec(Document):
    """A container's whole configuration: what a bundle's ``config.json`` holds."""

    oci_version: str
    process: Process | None = None
    root: Root | None = None
    hostname: str | None = None
    domainname: str | None = None
    mounts: tuple[Mount, ...] | None = None
    hooks: Hooks | None = None
    annotations: Mapping[str, str] | None = None
    linux: Linux | None = None
    solaris: Solaris | None = None
    windows: Windows | None = None
    vm: VM | None = None
    zos: ZOS | None = None
    freebsd: FreeBSD | None = None
