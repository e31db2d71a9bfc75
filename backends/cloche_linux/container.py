"""A container of the native runtime, its maker's or found again."""

from __future__ import annotations

import os

from cloche.errors import BackendError, InvalidState, NotSupported, TimedOut
from cloche.identity import open_same
from cloche.runtime import RuntimeContainer, RuntimeProcess, State
from cloche_linux.class_note import find_service_class
from cloche_linux.following import follow_end, follow_start
from cloche_linux.process import FoundProcess, SpawnedProcess, await_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloche.spec import LinuxIntelRdt, LinuxResources, Process
    from cloche.stats import Stats
    from cloche.stdio import Streams
    from cloche_linux.confinement import Confinement
    from cloche_linux.gate import Gate
    from cloche_linux.groups import ContainerGroup
    from cloche_linux.keeping import Keeping
    from cloche_linux.listener import Listener
    from cloche_linux.service_class import ServiceClass
    from cloche_linux.shared_mounts import SharedMounts

__all__ = ["LinuxContainer"]

#: Seconds that a killed container gets to be gone.
_EXIT_LIMIT = 10.0


class LinuxContainer(RuntimeContainer):
    """One init and what runs beneath it."""

    __slots__ = (
        *("_gate", "_group", "_hooks", "_id", "_keeping", "_known_confinement", "_mounts"),
        "_noted",
        *("_process", "_started", "init"),
    )

    def __init__(
        self,
        id: str,
        init: SpawnedProcess | FoundProcess | None,
        confinement: Confinement | None,
        group: ContainerGroup,
        *,
        started: bool,
        process: Process | None = None,
        gate: Gate | None = None,
        keeping: Keeping | None = None,
        hooks: Mapping[str, object] | None = None,
        mounts: SharedMounts | None = None,
        noted: Mapping[str, object] | None = None,
    ) -> None:
        self._id = id
        self.init: RuntimeProcess | None = init
        self._known_confinement = confinement
        #: What tells how it is confined, until somebody asks.
        self._noted = noted
        self._group = group
        self._started = started
        #: Kept until it is started, to say which command could not be.
        self._process = process
        #: Where it waits for its start, if it outlives its maker.
        self._gate = gate
        #: What its keeper tells, if it has one: it then ends with that, and else with nobody.
        self._keeping = keeping
        #: What it has mounted on the host.
        self._mounts = mounts
        #: Hooks that are still to come.
        self._hooks = hooks

    @property
    def info(self) -> Mapping[str, object]:
        from cloche_linux.notes import note

        noted = note(self.init.info if self.init else {}, self._told_confinement())
        if self._gate is not None:
            noted["detached" if self._keeping is None else "kept"] = True
        if self._hooks is not None:
            noted["hooks"] = self._hooks
        return noted

    def _told_confinement(self) -> Confinement | None:
        """How it is confined; None if its record does not tell: it can be ended, and no more."""
        if self._noted is not None:
            from cloche_linux.notes import confinement_of

            self._known_confinement, self._noted = confinement_of(self._noted), None
        return self._known_confinement

    @property
    def _confinement(self) -> Confinement:
        told = self._told_confinement()
        if told is None:
            raise InvalidState(
                f"the record of {self._id} does not say how it is confined",
                container=self._id,
                backend="linux",
            )
        return told

    def state(self) -> State:
        if self.init is None or await_end(self.init):
            return State.STOPPED
        if not self._started:
            return State.CREATED
        return State.PAUSED if self._group.frozen() else State.RUNNING

    def start(self, streams: Streams, process: Process | None = None) -> None:
        if process is not None:
            why = "the native runtime starts a container's own process only"
            named = {"container": self._id, "backend": "linux"}
            raise NotSupported(why, operation="start", **named)
        if self._gate is None and not isinstance(self.init, SpawnedProcess):
            why = "only the process that created it can start it"
            raise InvalidState(f"{self._id}: {why}", operation="start", container=self._id)
        if self._started:
            raise InvalidState("it was started already", operation="start", container=self._id)
        self._started = True
        listener = self._listener()
        try:
            self._let_go(listener)
        except TimeoutError as error:
            assert listener is not None
            self.terminate()
            raise listener.silent(self._id, "start") from error
        except OSError as error:
            from cloche_linux.translate import failure

            raise failure(error, "start", self._id, self._process) from error
        try:
            follow_start(self._hooks, self._id, self._init().pid)
        except BackendError:  # it is to have no life without what these hooks do
            self.terminate()
            raise

    def _listener(self) -> Listener | None:
        """Who answers for its filter; whoever has one has a subject noted for it."""
        if self._noted is not None and not self._noted.get("subject"):
            return None
        from cloche_linux.listener import listener_of

        return listener_of(self._told_confinement())

    def _let_go(self, listener: Listener | None) -> None:
        """Say start to the helper: as its maker, or at its gate as anybody else."""
        init = self._init()
        told = listener.told("created", init.pid or 0) if listener else None
        limit = listener.limit if listener else None
        if self._gate is None:
            assert isinstance(init, SpawnedProcess)
            init.start(limit, told)
            return
        if not self._gate.start(init.pid or 0, init.exit.fileno(), limit, told):
            raise InvalidState(f"{self._id} has ended", operation="start", container=self._id)

    def exec(
        self,
        id: str,
        process: Process,
        streams: Streams,
        *,
        preserve_fds: tuple[int, ...] = (),
        subgroups: Mapping[str, str] | None = None,
        even_paused: bool = False,
        adopted: bool = False,
    ) -> RuntimeProcess:
        from cloche_linux.accounts import account_inside
        from cloche_linux.executing import Entry, Inside, execute

        entry = Entry(preserve_fds, subgroups or {}, even_paused, adopted)
        gated = self._gate is not None and self._keeping is None
        pidfd = self._living("exec", *entry.states(gated=gated))
        try:
            inside = Inside(
                id=self._id,
                pidfd=pidfd,
                pid=self._init().pid or 0,
                confinement=self._confinement,
                group=self._group,
                service_class=self._service_class(),
            )
            account = account_inside(process, self.root_descriptor, self._confinement)
            return execute(inside, id, process, streams, account, entry)
        finally:
            os.close(pidfd)

    def open(self, id: str, info: Mapping[str, object]) -> RuntimeProcess:
        return FoundProcess(id, info, open_same(info))

    def _living(self, operation: str, *wanted: State) -> int:
        """Duplicate the pidfd of init; raises InvalidState unless the container is running, or
        in one of the states ``wanted``."""
        state = self.state()
        descriptor = self.init.exit.fileno() if self.init else None
        if state not in (wanted or (State.RUNNING,)) or descriptor is None:
            if descriptor is not None:
                os.close(descriptor)
            raise InvalidState(
                f"{self._id} is {state.value}: {operation} needs a running container",
                operation=operation,
                container=self._id,
                backend="linux",
            )
        return descriptor

    def terminate(self) -> None:
        # SIGKILL reaches what is frozen on cgroup v1 only once it is thawed.
        self._init().kill(9)
        if self._shares_pids:
            self._group.kill()
        self._group.thaw()

    def delete(self) -> None:
        if self.init is not None:
            self.terminate()
            if not await_end(self.init, _EXIT_LIMIT):
                raise TimedOut(f"{self._id} does not end", operation="delete", container=self._id)
        elif self._gate is not None:
            self._gate.dismiss()
            self._group.kill()
        self._group.remove()
        if (service := self._service_class()) is not None:
            service.remove()
        if self._mounts is not None:
            self._mounts.remove()
        if self._gate is not None:
            self._gate.remove()
        if self._keeping is not None:
            self._keeping.finish(self._id)
        follow_end(self._hooks, self._id)
        self._hooks = None

    def close(self) -> None:
        self._group.close()
        if self.init is not None:
            self.init.close()

    def pause(self) -> None:
        os.close(self._living("pause"))
        self._group.freeze(self.pids)

    def resume(self) -> None:
        if self.state() is not State.PAUSED:
            self._group.check_freezing("resume")
            raise InvalidState(f"{self._id} is not paused", operation="resume", container=self._id)
        self._group.thaw()

    def stats(self) -> Stats:
        return self._group.stats(self.pids)

    def update(self, resources: LinuxResources, *, intel_rdt: LinuxIntelRdt | None = None) -> None:
        if intel_rdt is not None and (service := self._service_class(new=True)):
            service.update(intel_rdt, self.pids)
        if intel_rdt is None or resources != type(resources)():
            self._group.update(resources, self.pids)

    def _service_class(self, *, new: bool = False) -> ServiceClass | None:
        return find_service_class(self._id, self._group.state, new=new)

    def pids(self) -> Sequence[int]:
        from cloche_linux.members import family, members

        lives = self.init is not None and self.init.exit.poll() is None
        init = self.init.pid if self.init is not None and lives else None
        if self._shares_pids:
            return self._group.pids() or (family(init) if init else [])
        return members(init) if init else []

    @property
    def _shares_pids(self) -> bool:
        if self._noted is not None:
            return self._noted.get("shares_pids") is True
        return self._known_confinement is not None and self._known_confinement.shares_pids

    def root_descriptor(self) -> int:
        from cloche_linux.roots import open_root

        descriptor = self.init.exit.fileno() if self.init else None
        if descriptor is None:
            gone = f"{self._id} has ended: its files are gone"
            raise InvalidState(gone, operation="files", container=self._id)
        try:
            return open_root(self._init().pid, descriptor, self._confinement)
        except OSError as error:
            from cloche_linux.translate import failure

            raise failure(error, "files", self._id, None) from error
        finally:
            os.close(descriptor)
