"""The runtime ``oci``: containers made by a program that speaks the OCI runtime's command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar, Literal

from cloche.errors import NotFound, NotSupported, Unavailable
from cloche.ids import check_id
from cloche.locations import private_directory
from cloche.runtime import Runtime, RuntimeContainer, State, Status
from cloche_oci.bundle import Bundle
from cloche_oci.choice import Choice
from cloche_oci.container import OciContainer, Site
from cloche_oci.creating import create
from cloche_oci.process import FoundProcess
from cloche_oci.programs import Program, find_all
from cloche_oci.removing import NOTE
from cloche_oci.requests import check_request
from cloche_oci.tool import Tool

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from cloche.layers import RootFilesystem
    from cloche.runtime import BackendContext, CreateRequest
    from cloche.stdio import Streams

__all__ = ["OciRuntime"]


class OciRuntime(Runtime):
    """Makes containers by one program, or by the best that works if none is named."""

    binds_stdio: ClassVar[Literal["create", "start"]] = "create"

    def __init__(self, context: BackendContext) -> None:
        self._home = str(context.home)
        self._argument = context.argument
        self._best: Program | None = None
        self._tools: dict[str, Tool] = {}

    @property
    def hides_unified(self) -> bool:
        """Whether cgroup2 beside cgroup1 had to be kept from one of its programs."""
        return any(tool.hides_unified for tool in self._tools.values())

    def accepts(self, request: CreateRequest) -> Sequence[str]:
        check_id(request.id, windows=False)
        if not find_all(self._argument):
            raise Unavailable("no OCI runtime is installed", remedy="apt-get install crun")
        if request.cgroup_manager != "cgroupfs":
            message = f"{request.cgroup_manager} does not manage the groups of OCI runtimes here"
            raise NotSupported(message, hint="use --cgroup-manager cgroupfs", backend="oci")
        return check_request(request)

    def create(
        self, request: CreateRequest, root: RootFilesystem, streams: Streams
    ) -> RuntimeContainer:
        private_directory(self._home)
        return create(self._tool(self._program()), request, root, streams)

    def load(
        self, id: str, state: Path | str, info: Mapping[str, object] | None
    ) -> RuntimeContainer:
        bundle = Bundle(state)
        if not bundle.exists():
            raise NotFound(f"nothing of {id} exists", container=id, backend="oci")
        noted = {**bundle.note("site.json"), **(info or {})}
        match noted:
            case {"runtime": str(path), "group": str(group)} if os.path.isabs(path):
                site = Site(id, bundle, self._tool(Program(path)), group, _options(noted))
            case _:
                site = Site(id, bundle, self._tool(self._program()))
        kept = bundle.note(NOTE)
        if "process" not in kept:
            return OciContainer(site, None)
        reached: list[OciContainer] = []
        info = {**kept, "note": NOTE}
        init = FoundProcess(id, bundle, info, lambda number: reached[0].send(number))
        reached.append(OciContainer(site, init))
        return reached[0]

    def list(self) -> Iterable[Status]:
        if not os.path.isdir(self._home):
            return ()  # nothing was ever made here
        found = self._tool(self._program()).list()
        return [status for each in found if (status := _status(each)) is not None]

    def close(self) -> None:
        """Nothing is held: each container has its own descriptors."""

    def _program(self) -> Program:
        """The program that is meant; without a name the best that works, found out once."""
        if self._argument is not None:
            return find_all(self._argument)[0]
        if self._best is None:
            self._best = Choice(self._home).program()
        return self._best

    def _tool(self, program: Program) -> Tool:
        found = self._tools.get(program.path)
        if found is None:
            found = self._tools[program.path] = Tool(program, self._home)
        return found


def _options(noted: Mapping[str, object]) -> list[str]:
    found = noted.get("options")
    return [str(option) for option in found] if isinstance(found, list) else []


def _status(entry: Mapping[str, object]) -> Status | None:
    match entry:
        case {"id": str(id), "status": str(status)} if status in [*State]:
            pid = entry.get("pid")
            return Status(id=id, state=State(status), pid=pid if isinstance(pid, int) else None)
    return None
