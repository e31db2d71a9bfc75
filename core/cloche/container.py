"""Container as users hold it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, AnyStr

from cloche.commands import Commands
from cloche.contents import Contents
from cloche.errors import InvalidState, NotFound, TimedOut
from cloche.events import tell
from cloche.exit import Exit, ExitStatus
from cloche.finding import describe, details_of, load, state_of
from cloche.interrupts import shielded
from cloche.journal import Note, Step
from cloche.process import Process, number_of, seconds_of
from cloche.runtime import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from cloche.details import Details
    from cloche.executing import Place
    from cloche.journal import Entry
    from cloche.making import Made
    from cloche.parameters import Duration
    from cloche.request import Asked
    from cloche.runtime import RuntimeContainer, RuntimeProcess
    from cloche.spec import Spec
    from cloche.stats import Stats
    from cloche.workshop import Workshop

__all__ = ["Container", "start_container"]

_SIGKILL = 9
_SIGTERM = 15
#: Seconds that a killed container gets to be gone.
_GRACE = 10.0
_ALIVE = (State.CREATED, State.RUNNING, State.PAUSED)


class Container(Process[AnyStr], Commands, Contents):
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
        container = self.living("kill")
        if number == _SIGKILL:
            container.terminate()
        else:
            self._process().kill(number)

    def remove(self, *, force: bool = False) -> None:
        """Take away everything of it; InvalidState if it is running, unless ``force`` kills it.

        Does all it can, then raises CleanupFailed with what went wrong. A second one is NotFound.
        """
        from cloche.removal import refuse_running, remove, remove_made

        with shielded():
            if self._made is None:
                remove(self._shop, self._id, force=force)
                return
            if not force:
                refuse_running(self.name, self.inspect())
            # What was written and not read until now is not wanted, nor may a full pipe hold it up.
            remove_made(self._shop, self._made, self._close_streams)
            self._noted = True

    def pause(self) -> None:
        """Stop all its processes where they are."""
        self.living("pause").pause()

    def resume(self) -> None:
        """Let paused processes run on."""
        self.living("resume").resume()

    def stats(self) -> Stats:
        """Measure what it uses."""
        return self.living("stats").stats()

    def pids(self) -> Sequence[int]:
        """List its processes by their ids on this machine."""
        return self.living("pids").pids()

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

    def living(self, verb: str) -> RuntimeContainer:
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

        if self.state is State.PAUSED:
            raise InvalidState(
                f"{self.name} is paused: exec needs a running container",
                hint=f"cloche resume {self.name}",
                operation="exec",
                container=self.name,
            )
        container = self.living("exec")
        if self._made is not None:
            first, forms = self._made.first, self._made.runtime.forms
            return Place(self._shop, self._id, self.name, container, first, forms)
        header, process = self._entry().header, self.spec.process
        if header is None or process is None:
            raise InvalidState(f"{self.name} has no process", container=self.name)
        runtime = self._shop.chooser.runtime_called(header.runtime)
        return Place(self._shop, self._id, self.name, container, process, runtime.forms)

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
            tell(self._shop.plugins, "end", self._id, self._name, status=status)
            with suppress(FileNotFoundError):  # removed meanwhile, by somebody else
                self._made.record.note(Note.ended(status))
                self._made.record.close()
        return status


def start_container(shop: Workshop, asked: Asked) -> Container[Any]:
    """Make and start a container, as users hold it."""
    with shielded():
        made = shop.make(asked)
        made.record.close()
        return Container(shop, None, made, text=asked.text)


def _known(status: ExitStatus | None) -> Exit:
    """An exit that has happened; nobody may have learnt how."""
    ended = Exit()
    ended.resolve(ExitStatus.lost() if status is None else status)
    return ended
