"""The z/OS section of a container's configuration."""

from __future__ import annotations

from .document import Document

__all__ = ["ZOS", "ZOSNamespace"]


class ZOSNamespace(Document):
    """A namespace to make, or with ``path`` to join: pid, mount, ipc or uts."""

    type: str
    path: str | None = None


class ZOS(Document):
    """How a z/OS container is isolated."""

    namespaces: tuple[ZOSNamespace, ...] | None = None
