"""The native runtime: containers as children of this process."""

from __future__ import annotations

import os

from cloche.identity import open_same
from cloche.runtime import Runtime, RuntimeContainer, Status
from cloche_linux.container import LinuxContainer
from cloche_linux.gate import Gate
from cloche_linux.groups import ContainerGroup
from cloche_linux.process import FoundProcess, identity_in
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
        self._owner = context.owner

    def accepts(self, request: CreateRequest) -> Sequence[str]:
        from cloche_linux.creating import accept

        return accept(request)

    def create(
        self, request: CreateRequest, root: RootFilesystem, streams: Streams
    ) -> RuntimeContainer:
        from cloche_linux.creating import create

        return create(self._home, self._owner, request, root, streams)

    def load(
        self, id: str, state: Path | str, info: Mapping[str, object] | None
    ) -> RuntimeContainer:
        if info is not None and info.get("kept") is not True:
            return _found(id, state, info)
        from cloche_linux.outliving import find, half_made

        if info is None:
            return half_made(self._home, id, state)
        return find(self._home, id, state, info)

    def list(self) -> Iterable[Status]:
        # What ends with its maker, or is adopted, only a record tells of.
        from cloche_linux.outliving import listed

        return listed(self._home, self._owner)

    def close(self) -> None:
        """Nothing is held: each container has its own descriptors."""


def _found(id: str, state: Path | str, info: Mapping[str, Any]) -> LinuxContainer:
    """A container as its maker noted it, which has no keeper."""
    identity, group = identity_in(info, id), ContainerGroup(id, state)
    if ANSWERED in os.environ:
        return _answered(id, state, identity, info, group)
    gate = Gate(state) if info.get("detached") is True else None
    return LinuxContainer(
        id,
        FoundProcess(id, identity, open_same(identity)),
        None,
        group,
        started=gate is None or not gate.waits(),
        gate=gate,
        hooks=info.get("hooks"),
        mounts=SharedMounts(state),
        noted=info,
    )


def _answered(
    id: str,
    state: Path | str,
    identity: Mapping[str, object],
    info: Mapping[str, Any],
    group: ContainerGroup,
) -> LinuxContainer:
    from cloche_linux.answered import AnsweredContainer, take_answer

    # Nothing that is started from here is to see it.
    gate, init = take_answer(id, state, identity, os.environ.pop(ANSWERED))
    mounts, hooks = SharedMounts(state), info.get("hooks")
    return AnsweredContainer(
        id, init, None, group, started=False, gate=gate, hooks=hooks, mounts=mounts, noted=info
    )
