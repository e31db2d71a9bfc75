"""A container of the Host Compute Service, its maker's or found again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from cloche.errors import CleanupFailed, ClocheError, CommandFailed, InvalidState, NotFound
from cloche.exit import ExitStatus
from cloche.runtime import RuntimeContainer, RuntimeProcess, State
from cloche_hcs.checking import check_process
from cloche_hcs.launching import launch
from cloche_hcs.properties import PropertyType
from cloche_hcs.running import HcsProcess, close_quietly
from cloche_hcs.servicing import are_updates_pending, ends_with_system, servicing_of
from cloche_hcs.states import pids_in, state_in
from cloche_hcs.statistics import stats_in
from cloche_hcs.streams import pipes_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from cloche.creation import CreateRequest
    from cloche.spec import Process
    from cloche.stats import Stats
    from cloche.stdio import Streams
    from cloche_hcs.notes import Notebook, Notes
    from cloche_hcs.process import ComputeProcess
    from cloche_hcs.system import ComputeSystem

__all__ = ["HcsContainer"]

_SIGTERM, _SIGKILL = 15, 9
#: Seconds that a container gets to shut down before it is deleted by force.
_PATIENCE: Final = 30.0
#: Seconds that the end of its first process gets to be told after the container's own.
_LAST_WORD: Final = 10.0


class HcsContainer(RuntimeContainer):
    """One compute system and what runs in it."""

    def __init__(
        self,
        system: ComputeSystem,
        notes: Notes,
        notebook: Notebook,
        *,
        state: Path | str,
        process: Process | None = None,
        first: ComputeProcess | None = None,
        found: bool = False,
    ) -> None:
        self._system = system
        self._notes = notes
        self._notebook = notebook
        self._state = state
        #: What is to be run; None for an idle container, and for one that somebody else made.
        self._process = process
        #: Others may do things to it of which this object does not hear.
        self._found = found
        self._paused = self._deleted = False
        #: The signal that its ending stands for, where there is no process to tell.
        self._ended_by: int | None = None
        self._first = HcsProcess(self.id) if first is None else HcsProcess.of(self.id, first)
        self.init: RuntimeProcess | None = self._first
        if found and first is None:
            self._end_with_system()

    @property
    def id(self) -> str:
        """Its id, which is its system's."""
        return self._system.id

    @property
    def info(self) -> Mapping[str, object]:
        return self._notes.as_info()

    def state(self) -> State:
        if self.has_ended:
            return State.STOPPED
        if self._found:
            return self._state_by_service()
        if not self._notes.started:
            return State.CREATED
        return State.PAUSED if self._paused else State.RUNNING

    @property
    def has_ended(self) -> bool:
        """Whether its first process has, or the container as a whole."""
        try:
            return self._system.over or self._first.exit.poll() is not None
        except InvalidState:  # its handles were released before its end was seen
            return self._deleted

    def has_lost_its_process(self) -> None:
        """Its first process has ended, and nobody can tell how."""
        self._first.exit.resolve(ExitStatus.lost())

    def _state_by_service(self) -> State:
        try:
            told = state_in(self._system.properties())
        except ClocheError as error:
            if isinstance(error, NotFound) or self._system.over:
                return State.STOPPED
            raise
        is_ours = bool(self._notes.layers)
        return State.CREATED if is_ours and not self._notes.started else told

    def start(self, streams: Streams, process: Process | None = None) -> None:
        """Start the system, then its first process: the one it was made with, or another.

        If anything of that fails the container is terminated, and has stopped.
        """
        if self._notes.started:
            raise self._wrong("start", "it was started already")
        chosen = self._process if process is None else process
        pipes = pipes_for(streams)
        self._note(started=True)
        try:
            self._system.start()
            if chosen is None:
                self._end_with_system()
            else:
                self._run_first(chosen, pipes, streams)
        except BaseException as error:
            self._give_up(error)
            raise

    def _run_first(
        self, process: Process, pipes: tuple[bool, bool, bool], streams: Streams
    ) -> None:
        servicing = self._notes.servicing
        made = launch(
            self._system,
            process,
            operation="start",
            cwd=self._notes.cwd,
            pipes=pipes,
            terminal=streams.terminal,
            exit=None if servicing else self._first.exit,
        )
        self._first.become(made, terminal=streams.terminal is not None)
        if servicing:
            ends_with_system(self._first.exit, made, self._system)
        self._note(pid=made.pid)

    def _give_up(self, error: BaseException) -> None:
        """End what could not be started; the first error is the one to tell."""
        try:
            self._system.terminate()
            self._await_end()
        except ClocheError as problem:
            error.add_note(f"and then, ending it: {type(problem).__name__}: {problem}")
        code = error.exit_code if isinstance(error, CommandFailed) else None
        self._first.exit.resolve(ExitStatus.lost() if code is None else ExitStatus(code))

    def exec(self, id: str, process: Process, streams: Streams) -> RuntimeProcess:
        check_process(process)
        pipes = pipes_for(streams)
        self._require(State.RUNNING, "exec")
        terminal = streams.terminal
        made = launch(
            self._system,
            process,
            operation="exec",
            cwd=self._notes.cwd,
            pipes=pipes,
            terminal=terminal,
        )
        return HcsProcess.of(id, made, terminal=terminal is not None)

    def open(self, id: str, info: Mapping[str, object]) -> RuntimeProcess:
        """Find a process by its pid; NotFound if it has ended, or if Windows forgot it."""
        pid = info.get("pid")
        if not isinstance(pid, int):
            raise self._wrong("open", f"nobody noted which process {id} is")
        return HcsProcess.of(id, self._system.open_process(pid))

    def shutdown(self) -> None:
        """Ask the container to shut down; what the service does not even pass on is terminated."""
        self._ends_by(_SIGTERM)
        try:
            self._system.shutdown()
        except ClocheError:
            self.terminate()

    def terminate(self) -> None:
        self._ends_by(_SIGKILL)
        self._system.terminate()

    def _ends_by(self, signal: int) -> None:
        self._ended_by = signal
        if not self._first.exists:
            self._end_with_system()

    def _end_with_system(self) -> None:
        """Where there is no first process, its ending is the container's."""
        self._system.exited.future.add_done_callback(self._system_has_ended)

    def _system_has_ended(self, ended: Future[ExitStatus]) -> None:
        if self._first.exists:
            return
        if (error := ended.exception()) is not None:
            assert isinstance(error, Exception)
            self._first.exit.fail(error)
            return
        signal = self._ended_by
        self._first.exit.resolve(ExitStatus.lost() if signal is None else ExitStatus.killed(signal))

    def errand(self) -> CreateRequest | None:
        """Have updates installed that the container has left in its layer, if it has any."""
        notes = self._notes
        if notes.servicing or not are_updates_pending(self._system) or not notes.layers:
            return None
        return servicing_of(self.id, notes, self._state)

    def delete(self) -> None:
        """Shut it down, by force if need be, and wait until it has ended."""
        if self._deleted:
            return
        try:
            self._system.end(patience=min(_PATIENCE, self._notes.timeout or _PATIENCE))
        except ClocheError as error:
            raise CleanupFailed(
                f"{self.id} can't be ended: {error}",
                problems=[error],
                operation="delete",
                container=self.id,
                backend="hcs",
            ) from error
        self._deleted = True
        close_quietly(self._await_end)
        self._hear_last_word()
        self._notebook.forget()

    def _await_end(self) -> None:
        """Wait until the service has told it: before that the disk may still be in use."""
        self._system.exited.wait(_LAST_WORD)

    def _hear_last_word(self) -> None:
        """Learn how the first process has ended, as long as there is somebody to ask."""
        if not self._first.exists:
            signal = self._ended_by or _SIGKILL
            self._first.exit.resolve(ExitStatus.killed(signal))
        close_quietly(lambda: self._first.exit.wait(_LAST_WORD))
        self._first.exit.resolve(ExitStatus.lost())

    def close(self) -> None:
        close_quietly(self._system.close)
        self._first.close()

    def pause(self) -> None:
        self._require(State.RUNNING, "pause")
        self._system.pause()
        self._paused = True

    def resume(self) -> None:
        self._require(State.PAUSED, "resume")
        self._system.resume()
        self._paused = False

    def stats(self) -> Stats:
        return stats_in(self._system.properties(PropertyType.STATISTICS))

    def pids(self) -> Sequence[int]:
        return pids_in(self._system.properties(PropertyType.PROCESS_LIST))

    def _require(self, needed: State, operation: str) -> None:
        """Refuse what makes no sense; of what others made, the service knows best."""
        if self._found and not self.has_ended:
            return
        state = self.state()
        if state is not needed:
            raise self._wrong(
                operation, f"it is {state.value}: {operation} needs it {needed.value}"
            )

    def _wrong(self, operation: str, why: str) -> InvalidState:
        return InvalidState(
            f"{self.id}: {why}", operation=operation, container=self.id, backend="hcs"
        )

    def _note(self, **what: Any) -> None:
        self._notes = replace(self._notes, **what)
        self._notebook.add(self._notes)
