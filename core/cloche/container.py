"""Container as users hold it."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, AnyStr, Literal, overload

from cloche.errors import InvalidState, NotFound, TimedOut
from cloche.exit import Exit, ExitStatus
from cloche.finding import describe, details_of, load, state_of
from cloche.journal import Note, Step
from cloche.process import Process, number_of, seconds_of
from cloche.runtime import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Unpack

    from cloche.details import Details
    from cloche.executing import Place
    from cloche.journal import Entry
    from cloche.parameters import Duration, ExecOptions, ExecRunOptions
    from cloche.request import Asked
    from cloche.result import Result
    from cloche.runtime import RuntimeContainer, RuntimeProcess
    from cloche.spec import Spec
    from cloche.stats import Stats
    from cloche.workshop import Made, Workshop

__all__ = ["Container", "start_container"]

_SIGKILL = 9
_SIGTERM = 15
#: Seconds that a killed container gets to be gone.
_GRACE = 10.0
_ALIVE = (State.CREATED, State.RUNNING, State.PAUSED)


class Container(Process[AnyStr]):
    """A container; as a process it is its own first one.

    As a context manager it ends when the block does, and is removed unless it was made with
    ``keep``. Every method may be called in any thread.
    """

    __slots__ = ("_found", "_id", "_keep", "_made", "_name", "_noted", "_shop")

    def __init__(
        self, shop: Workshop, entry: Entry | None, made: Made | None = None, *, text: bool = False
    ) -> None:
        self._shop = shop
        self._made = made
        self._found: RuntimeContainer | None = None
        self._noted = False
        if made is not None:
            super().__init__(made.args, made.container.init, made.streams, text=text)
            self._id, self._name, self._keep = made.record.id, made.record.name, made.keep
            return
        assert entry is not None
        header = entry.header
        super().__init__(header.args if header else (), None, None, text=text)
        self._id, self._name = entry.id, entry.name
        self._keep = header is None or header.keep

    def __repr__(self) -> str:
        return f"<Container {self.name}: {' '.join(self._args)!r}>"

    @property
    def id(self) -> str:
        """The id: generated, unique, unchanged for life."""
        return self._id

    @property
    def name(self) -> str:
        """The name it was given; its id if it was given none."""
        return self._name or self._id

    @property
    def state(self) -> State:
        """What it is doing now: creating, created, running, paused or stopped."""
        if self._made is not None:
            return self._made.container.state()
        return state_of(self._shop, self._entry())

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels it was given."""
        header = self._entry().header
        return {} if header is None else header.labels

    @property
    def spec(self) -> Spec:
        """The OCI specification it was made of, read from its record; NotFound if it has none."""
        return self._shop.records.spec(self._id)

    def inspect(self) -> Details:
        """Everything known about it, at this moment; NotFound if it has been removed."""
        if self._made is not None:
            self.poll()
            return details_of(self._shop, self._entry(), self.state)
        return details_of(self._shop, self._entry())

    def stop(self, timeout: Duration | None = None) -> None:
        """Ask it to end by its stop signal, wait, then force it.

        ``timeout`` defaults to its ``stop_timeout``, else 10 seconds. Stopping what has stopped is
        not an error.
        """
        state = self.state
        if state not in _ALIVE:
            return
        header = self._entry().header
        signal = _SIGTERM if header is None else header.stop_signal
        seconds = seconds_of(timeout)
        if seconds is None:
            seconds = 10.0 if header is None else header.stop_timeout
        container = self._container()
        if state is State.PAUSED:
            container.resume()
        if signal == _SIGTERM:
            container.shutdown()
        else:
            self._process().kill(signal)
        try:
            self.wait(seconds)
        except TimedOut:
            container.terminate()
            self.wait(_GRACE)

    def kill(self, signal: int | str = "SIGKILL") -> None:
        """Send a signal to its first process; SIGKILL ends all of them. Does not wait.

        Raises InvalidState if the container is not running.
        """
        number = number_of(signal)
        container = self._living("kill")
        if number == _SIGKILL:
            container.terminate()
        else:
            self._process().kill(number)

    def remove(self, *, force: bool = False) -> None:
        """Take away everything of it; InvalidState if it is running, unless ``force`` kills it.

        Does all it can, then raises CleanupFailed with what went wrong. A second one is NotFound.
        """
        from cloche.removal import refuse_running, remove, remove_made

        if self._made is None:
            remove(self._shop, self._id, force=force)
            return
        if not force:
            refuse_running(self.name, self.inspect())
        # What was written and not read until now is not wanted; a full pipe must not hold it up.
        remove_made(self._shop, self._made, self._close_streams)
        self._noted = True

    def pause(self) -> None:
        """Stop all its processes where they are."""
        self._living("pause").pause()

    def resume(self) -> None:
        """Let paused processes run on."""
        self._living("resume").resume()

    def stats(self) -> Stats:
        """Measure what it uses."""
        return self._living("stats").stats()

    def pids(self) -> Sequence[int]:
        """List its processes by their ids on this machine."""
        return self._living("pids").pids()

    @overload
    def exec(
        self, args: Sequence[str], *, text: Literal[True], **options: Unpack[ExecOptions]
    ) -> Process[str]: ...
    @overload
    def exec(
        self,
        args: Sequence[str],
        *,
        text: Literal[False] | None = None,
        **options: Unpack[ExecOptions],
    ) -> Process[bytes]: ...
    def exec(
        self, args: Sequence[str], *, text: bool | None = None, **options: Unpack[ExecOptions]
    ) -> Process[Any]:
        """Run a further process in it and return at once; it has the container's settings.

        Raises InvalidState if the container is not running, CommandFailed (126, 127) if the program
        can't be run.
        """
        from cloche.executing import execute
        from cloche.request import EXEC, ask

        asked = ask("exec", args, {**options, "text": text}, EXEC)
        process, streams = execute(self.place(), asked)
        return Process(asked.args, process, streams, text=asked.text)

    @overload
    def run(
        self, args: Sequence[str], *, text: Literal[True], **options: Unpack[ExecRunOptions]
    ) -> Result[str]: ...
    @overload
    def run(
        self,
        args: Sequence[str],
        *,
        text: Literal[False] | None = None,
        **options: Unpack[ExecRunOptions],
    ) -> Result[bytes]: ...
    def run(
        self, args: Sequence[str], *, text: bool | None = None, **options: Unpack[ExecRunOptions]
    ) -> Result[Any]:
        """Run a further process in it and wait for its end; otherwise as ``cloche.run``."""
        from cloche.executing import run
        from cloche.request import EXEC_RUN, ask

        asked = ask("run", args, {**options, "text": text}, EXEC_RUN)
        return run(self.place(), asked)

    def read_text(self, path: str) -> str:
        """Read a file of the container as UTF-8 (with replacement)."""
        return self.read_bytes(path).decode("utf-8", "replace")

    def read_bytes(self, path: str) -> bytes:
        """Read a file of the container; NotFound if there is none.

        As all file methods: by absolute path, without any program of the container's, and never
        outside its root, whatever links it has.
        """
        from cloche import files

        with files.root_of(self._living("read")) as root:
            return files.read(root, path)

    def write_text(self, path: str, text: str) -> None:
        """Write a file of the container as UTF-8; see ``write_bytes``."""
        self.write_bytes(path, text.encode("utf-8", "surrogateescape"))

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file of the container, replacing it; its directory is made if missing."""
        from cloche import files

        with files.root_of(self._living("write")) as root:
            files.write(root, path, data)

    def copy_in(self, source: str | os.PathLike[str], target: str) -> None:
        """Copy a file or tree of this machine to ``target`` in the container.

        Into an existing directory it is copied under its own name, as ``cp -r`` does. Links stay
        links; devices, sockets and FIFOs are refused with InvalidSpec.
        """
        from cloche import files

        with files.root_of(self._living("copy")) as root:
            files.copy_in(root, os.fspath(source), target)

    def copy_out(self, source: str, target: str | os.PathLike[str]) -> None:
        """Copy a file or tree of the container to ``target`` on this machine, as ``copy_in``."""
        from cloche import files

        with files.root_of(self._living("copy")) as root:
            files.copy_out(root, source, os.fspath(target))

    def close(self) -> None:
        """Close the near ends of the streams and release handles; the container lives on."""
        self._close_streams()
        for container in (self._found, self._made.container if self._made else None):
            if container is not None:
                container.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._keep:
            with suppress(NotFound):
                self.remove(force=True)
            return
        with suppress(NotFound):
            if self.state in _ALIVE:
                self._container().terminate()
                self.wait(_GRACE)
        self.close()

    def _entry(self) -> Entry:
        return self._shop.records.read(self._id)

    def _container(self) -> RuntimeContainer:
        """The runtime's object: the one that made it, or found again; NotFound if it is gone."""
        if self._made is not None:
            return self._made.container
        if self._found is None:
            self._found = load(self._shop, self._entry())
            if self._found is None:
                raise InvalidState(f"{self.name} is stopped", container=self.name)
        return self._found

    def _living(self, verb: str) -> RuntimeContainer:
        """The runtime's object of a container that runs; InvalidState for one that does not."""
        state = self.state
        if state in (State.RUNNING, State.PAUSED):
            return self._container()
        raise InvalidState(
            f"{self.name} is {describe(details_of(self._shop, self._entry(), state))}: "
            f"{verb} needs a running container",
            hint=f"cloche start {self.name}, or run with --idle",
            operation=verb,
            container=self.name,
        )

    def place(self) -> Place:
        """What executing something here needs to know; InvalidState unless it is running."""
        from cloche.executing import Place

        container = self._living("exec")
        if self._made is not None:
            return Place(
                self._shop, self._id, container, self._made.first, self._made.runtime.forms
            )
        header, process = self._entry().header, self.spec.process
        if header is None or process is None:
            raise InvalidState(f"{self.name} has no process", container=self.name)
        runtime = self._shop.chooser.runtime_called(header.runtime)
        return Place(self._shop, self._id, container, process, runtime.forms)

    def _process(self) -> RuntimeProcess:
        init = self._container().init
        if init is None:
            raise InvalidState(f"{self.name} has no process", container=self.name)
        return init

    @property
    def exit(self) -> Exit:
        """Its ending, for those who wait by descriptor or future."""
        if self._made is not None:
            return self._made.process.exit
        if self._found is None:
            entry = self._entry()
            if entry.step is not Step.STARTING:
                return _known(entry.status)
            self._found = load(self._shop, entry)
        init = None if self._found is None else self._found.init
        return _known(None) if init is None else init.exit

    def _seen(self, status: ExitStatus | None) -> ExitStatus | None:
        """Note how it ended, for those who ask when this process is gone."""
        if status is not None and self._made is not None and not self._noted:
            self._noted = True
            note = Note(step=Step.ENDED, time=time.time(), status=status)
            with suppress(FileNotFoundError):  # removed meanwhile, by somebody else
                self._made.record.note(note)
                self._made.record.close()
        return status


def start_container(shop: Workshop, asked: Asked) -> Container[Any]:
    """Make and start a container, as users hold it."""
    made = shop.make(asked)
    made.record.close()
    return Container(shop, None, made, text=asked.text)


def _known(status: ExitStatus | None) -> Exit:
    """An exit that has happened; nobody may have learnt how."""
    ended = Exit()
    ended.resolve(ExitStatus.lost() if status is None else status)
    return ended
