"""The native runtime: containers as children of this process."""

from __future__ import annotations

import os

from cloche.errors import InvalidSpec, NotFound
from cloche.identity import open_same
from cloche.runtime import Runtime, RuntimeContainer, Status
from cloche_linux.class_note import has_service_class
from cloche_linux.container import LinuxContainer
from cloche_linux.gate import Gate
from cloche_linux.groups import ContainerGroup
from cloche_linux.process import FoundProcess
from cloche_linux.shared_mounts import SharedMounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any, ClassVar, Literal

    from cloche.layers import RootFilesystem
    from cloche.runtime import BackendContext, CreateRequest
    from cloche.stdio import Streams

__all__ = ["LinuxRuntime"]

#: Where the launcher leaves what it could not tell itself; see `cloche_linux.answered`.
ANSWERED = "CLOCHE_OCI_ANSWERED"


class LinuxRuntime(Runtime):
    """Makes containers with system calls of this process's own.

    What making them takes is imported when one is made: most verbs are about those that are there.
    """

    binds_stdio: ClassVar[Literal["create", "start"]] = "create"

    def __init__(self, context: BackendContext) -> None:
        self._home = str(context.home)

    def accepts(self, request: CreateRequest) -> Sequence[str]:
        from cloche_linux.creating import accept

        return accept(request)

    def create(
        self, request: CreateRequest, root: RootFilesystem, streams: Streams
    ) -> RuntimeContainer:
        from cloche_linux.creating import create

        return create(self._home, request, root, streams)

    def load(
        self, id: str, state: Path | str, info: Mapping[str, object] | None
    ) -> RuntimeContainer:
        group = ContainerGroup(id, state)
        if info is None:
            return _half_made(id, Gate(state), group, SharedMounts(state))
        match info.get("init"):
            case dict(identity):
                if ANSWERED in os.environ:
                    return _answered(id, state, identity, info, group)
                init = FoundProcess(id, identity, open_same(identity))
                gate = Gate(state) if info.get("detached") is True else None
                return LinuxContainer(
                    id,
                    init,
                    None,
                    group,
                    started=gate is None or not gate.waits(),
                    gate=gate,
                    hooks=_hooks(info),
                    mounts=SharedMounts(state),
                    noted=info,
                )
        raise InvalidSpec(f"the record of {id} is not one of this runtime's", container=id)

    def list(self) -> Iterable[Status]:
        # Containers end with their makers: which there are, the records of core tell.
        return ()

    def close(self) -> None:
        """Nothing is held: each container has its own descriptors."""


def _answered(
    id: str,
    state: Path | str,
    identity: Mapping[str, object],
    info: Mapping[str, object],
    group: ContainerGroup,
) -> LinuxContainer:
    from cloche_linux.answered import AnsweredContainer, take_answer

    # Nothing that is started from here is to see it.
    gate, init = take_answer(id, state, identity, os.environ.pop(ANSWERED))
    mounts, hooks = SharedMounts(state), _hooks(info)
    return AnsweredContainer(
        id, init, None, group, started=False, gate=gate, hooks=hooks, mounts=mounts, noted=info
    )


def _hooks(info: Mapping[str, Any]) -> Mapping[str, object] | None:
    found: Mapping[str, object] | None = info.get("hooks")
    return found


def _half_made(id: str, gate: Gate, group: ContainerGroup, mounts: SharedMounts) -> LinuxContainer:
    """What is left of a container whose maker died before it could note anything."""
    noted = mounts.noted() or has_service_class(group.state)
    if group.find() is None and not gate.waits() and not noted:
        raise NotFound(f"nothing of {id} exists", container=id, backend="linux")
    return LinuxContainer(id, None, None, group, started=False, gate=gate, mounts=mounts)
