"""What a runtime is asked for: the request for one container, and what a backend is opened with."""

from __future__ import annotations

from cloche.capability import Capability, Isolation, Lifetime, State
from cloche.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

    from cloche.layers import Layer
    from cloche.spec import Spec

__all__ = ["BackendContext", "CreateRequest", "Status"]


class CreateRequest(Value, kw_only=True):
    """Everything that is asked of a runtime for one container."""

    id: str
    spec: Spec
    #: The image's reference as it was asked for; None without an image.
    image: str | None = None
    #: What the root is made of, topmost first.
    layers: tuple[Layer, ...] = ()
    isolation: Isolation = Isolation.PROCESS
    needs: frozenset[Capability] = frozenset()
    lifetime: Lifetime = Lifetime.PROCESS
    #: Of a detached one: whoever adopts its first process, when its maker has ended, is to learn of
    #: its end as a parent does. So nothing is put between, and nothing else tells of it.
    adopted: bool = False
    #: Core's directory for this container. A backend may write files into it.
    state: Path | str
    #: Descriptors of the caller's that the process gets as 3, 4, ….
    preserve_fds: tuple[int, ...] = ()
    #: Run the command under a small init that reaps and forwards signals.
    init: bool = True
    #: The directory that the specification came in, to be told to hooks.
    bundle: str | None = None
    #: Who makes the container's control group: the runtime itself, or systemd at its order.
    cgroup_manager: Literal["cgroupfs", "systemd", "disabled"] = "cgroupfs"
    #: Enter the root by pivot_root. Without it, where that can't be had, the host's mounts stay in
    #: the container's mount namespace.
    pivot: bool = True
    #: Give the container a session keyring of its own.
    keyring: bool = True
    #: Run nothing: only the init, until something is executed or the container is ended.
    idle: bool = False
    #: Further groups of the process by name, to be looked up in the container's own files.
    groups: tuple[str, ...] = ()
    #: Contents of files that are put into the root before anything runs, by absolute path.
    files: tuple[tuple[str, bytes], ...] = ()
    #: Names of things that may be dropped where they can't be had (``memory``, ``group_add``, …).
    unenforced: frozenset[str] = frozenset()
    #: The most bytes that changes to the root may take; None for no limit.
    size: int | None = None
    #: Seconds that ``create`` and ``start`` may take each; None for the backend's own limit.
    timeout: float | None = None


class Status(Value, kw_only=True):
    """One container as a bulk query sees it."""

    id: str
    state: State
    pid: int | None = None


class BackendContext(Value, kw_only=True):
    """What a backend object is opened with."""

    #: A durable directory of this backend's own; made on first use, by the backend.
    home: Path | str
    #: Marks what is ours on a machine with several users of the same service.
    owner: str
    #: The part of the name after the colon (``runc`` of ``oci:runc``).
    argument: str | None = None
