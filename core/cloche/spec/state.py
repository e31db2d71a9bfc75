"""What a runtime says of a container, to hooks and to ``state``."""

from __future__ import annotations

from collections.abc import Mapping

from .document import Document
from .integers import Int64

__all__ = ["ContainerProcessState", "State"]


class State(Document):
    """A container's state: ``status`` is creating, created, running or stopped."""

    oci_version: str
    id: str
    status: str
    pid: Int64 | None = None
    bundle: str
    annotations: Mapping[str, str] | None = None


class ContainerProcessState(Document):
    """What a seccomp listener is sent, beside the descriptors that ``fds`` names in order."""

    oci_version: str
    fds: tuple[str, ...]
    pid: Int64
    metadata: str | None = None
    state: State
