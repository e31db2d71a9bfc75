"""One container of a bundle, as any process finds it."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
from contextlib import suppress

from cloche.errors import BackendError, InvalidState, NotFound
from cloche.runtime import State

from .backend import open_runtime
from .record import BundleRecord
from .wording import worded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.runtime import RuntimeContainer, RuntimeProcess
    from cloche.spec import LinuxIntelRdt, LinuxResources, Process
    from cloche.stats import Stats
    from cloche.stdio import Pipes

    from .executing import Entry
    from .home import Home

__all__ = ["BundleContainer"]

_ALIVE = (State.CREATED, State.RUNNING, State.PAUSED)
_SIGKILL = 9


class BundleContainer:
    """A container that belongs to whoever has its directory of state.

    Every verb raises InvalidState if the container is not in the state for it.
    """

    __slots__ = ("_home", "_made", "record")

    def __init__(
        self, home: Home, record: BundleRecord, made: RuntimeContainer | None = None
    ) -> None:
        self._home = home
        self.record = record
        self._made = made

    @property
    def id(self) -> str:
        return self.record.id

    @property
    def container(self) -> RuntimeContainer:
        """The runtime's own object; NotFound if nothing of it exists."""
        if self._made is None:
            runtime = open_runtime(self.record.runtime)
            state = self._home.directory(self.id)
            self._made = runtime.load(self.id, state, self.record.info)
        return self._made

    @property
    def process(self) -> RuntimeProcess:
        """Its first process."""
        init = self.container.init
        if init is None:
            raise InvalidState(f"container {self.id} has no process", container=self.id)
        return init

    @property
    def pipes(self) -> Pipes | None:
        """The terminal, for the one who made it and has not sent it away."""
        return self.process.pipes

    @property
    def pid(self) -> int:
        """The pid of its first process; 0 if there is none any more."""
        return self.process.pid or 0

    def state(self) -> State:
        """Say what it is doing."""
        if self.record.info is None:
            return State.CREATING if self._made is None else State.CREATED
        try:
            return self.container.state()
        except NotFound:
            return State.STOPPED

    def describe(self) -> dict[str, object]:
        """Tell its state as the runtime-spec has it, with runc's additions."""
        state, record = self.state(), self.record
        told: dict[str, object] = {
            "ociVersion": record.version,
            "id": record.id,
            "pid": self.pid if state in _ALIVE else 0,
            "status": state.value,
            "bundle": record.bundle,
            "rootfs": record.rootfs,
            "created": record.created,
            "owner": _user(record.owner),
        }
        if record.annotations:
            told["annotations"] = dict(record.annotations)
        return told

    def start(self) -> None:
        """Let it run; CommandFailed (126, 127) if its program can't be run.

        With a supervisor this waits until the container is ready, or has ended. If one of its
        hooks fails, which is a BackendError, nothing is left of the container.
        """
        if self.record.supervisor is None:
            self._start()
            return
        from .notify import hand_on, listening

        with listening(self._home.directory(self.id)) as ear:
            self._start()
            hand_on(ear, self.process, self.record.supervisor)

    def _start(self) -> None:
        from .streams import CallersStreams

        with self._home.locked(self.id):
            self._require("start", State.CREATED, State.CREATED)
            process = self._config_process()
            try:
                with worded(process):
                    self.container.start(CallersStreams(process))
            except BackendError as error:
                if error.step == "hook":
                    self._destroy()
                raise

    def kill(self, signal: int, *, all: bool = False) -> None:
        """Send a signal to its first process, or to ``all``, of which there may be none."""
        state = self.state()
        if state not in _ALIVE:
            left = self._left()
            if not left and not all:
                raise InvalidState("container not running", operation="kill", container=self.id)
            _signal_all(left, signal)
            return
        if signal == _SIGKILL:
            self.container.terminate()
        elif all:
            _signal_all(self.container.pids(), signal)
        else:
            self.process.kill(signal)

    def _left(self) -> Sequence[int]:
        """What outlives its first process, as it can without a pid namespace of its own."""
        try:
            return self.container.pids()
        except NotFound:
            return ()

    def delete(self, *, force: bool = False) -> None:
        """Take away everything of it; ``force`` ends it first."""
        with self._home.locked(self.id):
            state = self.state()
            if not force and state in _ALIVE:
                raise InvalidState(
                    f"cannot delete container {self.id} that is not stopped: {state.value}",
                    operation="delete",
                    container=self.id,
                    hint="kill it, or --force",
                )
            self._destroy()

    def _destroy(self) -> None:
        with suppress(NotFound):
            self.container.delete()
        self._home.discard(self.id)

    def exec(self, process: Process, entry: Entry) -> RuntimeProcess:
        """Run a further process in it; CommandFailed (126, 127) if its program can't be run."""
        from .executing import execute

        if not entry.even_paused and self.state() is State.PAUSED:
            raise InvalidState(
                "cannot exec in a paused container",
                operation="exec",
                container=self.id,
                hint="resume it, or --ignore-paused",
            )
        self._require("exec", *_ALIVE)
        return execute(self.container, process, entry)

    def pause(self) -> None:
        """Stop all its processes where they are."""
        self._require("pause", State.RUNNING)
        self.container.pause()

    def resume(self) -> None:
        """Let paused processes run on."""
        self._require("resume", State.PAUSED)
        self.container.resume()

    def update(self, resources: LinuxResources, intel_rdt: LinuxIntelRdt | None = None) -> None:
        """Change its limits, and the shares of its class of service; those not named stay."""
        from .executing import require_known

        self._require("update", *_ALIVE)
        asked = {} if intel_rdt is None else {"intel_rdt": intel_rdt}
        require_known(self.container.update, asked, "updates")
        self.container.update(self._changed(resources), **asked)

    def pids(self) -> Sequence[int]:
        """List its processes by their ids on this machine; one that has stopped may have none."""
        self._require("ps", *_ALIVE, State.STOPPED)
        return self.container.pids()

    def stats(self) -> Stats:
        """Measure what it uses."""
        self._require("events", *_ALIVE)
        return self.container.stats()

    def first_process(self) -> Process:
        """What its configuration says is run in it; others are made alike."""
        return self._config_process()

    def _config_process(self) -> Process:
        from cloche import documents
        from cloche.spec import Spec

        process = documents.read(Spec, self._home.config(self.id)).process
        assert process is not None
        return process

    def _changed(self, resources: LinuxResources) -> LinuxResources:
        """Leave out what is no change: some callers send all rules for devices each time.

        And limits on kernel memory, which Linux took away and callers still ask for.
        """
        from cloche import documents
        from cloche.spec import Spec

        linux = documents.read(Spec, self._home.config(self.id)).linux
        had = linux.resources if linux is not None else None
        if had is not None and resources.devices == had.devices:
            resources = resources.replace(devices=None)
        if resources.memory is not None and resources.memory.kernel is not None:
            resources = resources.replace(memory=resources.memory.replace(kernel=None))
        return resources

    def _require(self, verb: str, *wanted: State) -> None:
        state = self.state()
        if state not in wanted:
            raise InvalidState(
                f"cannot {verb} a container that is {state.value}",
                operation=verb,
                container=self.id,
            )


def _signal_all(pids: Sequence[int], signal: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal)
        except ProcessLookupError:
            continue


def _user(uid: int) -> str:
    try:
        import pwd

        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
