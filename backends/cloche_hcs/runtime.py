"""The runtime ``hcs``: containers of the Host Compute Service, with process isolation or Hyper-V.

A process without command is one whose ``commandLine`` is given and empty: the service decides what
that is. Everything else without a command is refused.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar, Literal
from weakref import WeakSet

from cloche.errors import ClocheError, NotFound
from cloche.runtime import Isolation, Lifetime, Runtime, RuntimeContainer, State, Status
from cloche_hcs.checking import check_request, folders_of
from cloche_hcs.checking.mounts import really
from cloche_hcs.container import HcsContainer
from cloche_hcs.document import configuration
from cloche_hcs.document.configuration import Storage
from cloche_hcs.document.utility_vm import utility_vm
from cloche_hcs.endpoints import explained
from cloche_hcs.enumeration import systems_of
from cloche_hcs.notes import Notebook, Notes, understood
from cloche_hcs.system import ComputeSystem
from cloche_hcs.versions import host_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Self

    from cloche.creation import BackendContext, CreateRequest
    from cloche.layers import RootFilesystem
    from cloche.stdio import Streams
    from cloche_hcs.process import ComputeProcess
    from cloche_hcs.versions import WindowsVersion

__all__ = ["HcsRuntime"]

_ROOTS = {Isolation.PROCESS: "filter:mounted", Isolation.VM: "filter"}


class HcsRuntime(Runtime):
    """Makes containers through vmcompute.dll; thread-safe."""

    binds_stdio: ClassVar[Literal["create", "start"]] = "start"

    def __init__(self, context: BackendContext, host: WindowsVersion | None) -> None:
        """``host`` None: nobody knows which Windows this is, and nothing is refused for it."""
        self._owner = context.owner
        self._host = host
        #: Those that are open in this process, which know more of their first processes.
        self._open: WeakSet[HcsContainer] = WeakSet()
        #: Ids that the service has said are our owner's.
        self._ours: frozenset[str] = frozenset()

    @classmethod
    def open(cls, context: BackendContext) -> Self:
        """Open it for the Windows that this is."""
        return cls(context, host_version() if sys.platform == "win32" else None)

    def accepts(self, request: CreateRequest) -> Sequence[str]:
        check_request(request, self._host)
        return (_ROOTS[request.isolation],)

    def create(
        self, request: CreateRequest, root: RootFilesystem, streams: Streams
    ) -> RuntimeContainer:
        spec = request.spec
        storage = _storage(request, root)
        document = configuration(
            spec,
            id=request.id,
            owner=self._owner,
            storage=storage,
            attached=request.lifetime is Lifetime.PROCESS,
            resolve=really,
        )
        notes, notebook = _notes(request, storage), Notebook(request.state)
        notebook.begin(document, notes)
        try:
            system = ComputeSystem.create(request.id, document, timeout=request.timeout)
        except BaseException as error:
            notebook.forget()
            if isinstance(error, ClocheError):
                raise explained(error, _endpoints(request)) from error.__cause__
            raise
        process = None if request.idle else spec.process
        return self._keep(
            HcsContainer(system, notes, notebook, state=request.state, process=process)
        )

    def load(
        self, id: str, state: Path | str, info: Mapping[str, object] | None
    ) -> RuntimeContainer:
        """Find a container; its first process, too, if it was noted and runs.

        Of a container that nothing was noted of, the service must say that it is our owner's.
        """
        notebook = Notebook(state)
        notes = notebook.read() or (None if info is None else understood(info))
        if notes is None and not self._is_ours(id):
            raise NotFound(f"nothing of {id} exists", container=id, backend="hcs")
        notes = notes or Notes()
        system = ComputeSystem.open(id, timeout=notes.timeout)
        try:
            first = _first(system, notes)
        except BaseException:
            system.close()
            raise
        made = HcsContainer(system, notes, notebook, state=state, first=first, found=True)
        if notes.pid is not None and first is None:
            made.has_lost_its_process()
        return self._keep(made)

    def list(self) -> Iterable[Status]:
        found = systems_of(self._owner)
        self._ours = frozenset(status.id for status in found)
        ended = {container.id for container in list(self._open) if container.has_ended}
        return [
            Status(id=status.id, state=State.STOPPED) if status.id in ended else status
            for status in found
        ]

    def close(self) -> None:
        """Nothing is held: each container has its own handles."""

    def _keep(self, container: HcsContainer) -> HcsContainer:
        self._open.add(container)
        return container

    def _is_ours(self, id: str) -> bool:
        if id not in self._ours:
            self.list()
        return id in self._ours


def _storage(request: CreateRequest, root: RootFilesystem) -> Storage:
    """Say what the layer store has made, in the words of the documents."""
    guids, folder = root.info["guids"], root.info["folder"]
    assert isinstance(guids, dict)
    assert isinstance(folder, str)
    windows, vm = request.spec.windows, request.isolation is Isolation.VM
    assert windows is not None
    windows = windows.replace(layer_folders=folders_of(request))
    return Storage(
        folder=folder,
        volume=root.path,
        layers=[(str(guids[layer]), layer) for layer in root.layers],
        utility_vm=utility_vm(windows) if vm else None,
    )


def _notes(request: CreateRequest, storage: Storage) -> Notes:
    process, windows = request.spec.process, request.spec.windows
    return Notes(
        layers=tuple(path for _, path in storage.layers),
        isolation=request.isolation,
        utility_vm=storage.utility_vm,
        cwd="" if process is None else process.cwd,
        servicing=windows is not None and bool(windows.servicing),
        idle=request.idle,
        timeout=request.timeout,
    )


def _endpoints(request: CreateRequest) -> Sequence[str]:
    network = request.spec.windows.network if request.spec.windows else None
    return (network.endpoint_list if network else None) or ()


def _first(system: ComputeSystem, notes: Notes) -> ComputeProcess | None:
    """Open the first process; None if none was noted, or if it has ended."""
    if notes.pid is None:
        return None
    try:
        return system.open_process(notes.pid)
    except NotFound:
        return None
