"""Container as users hold it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, AnyStr

from cloche.commands import Commands
from cloche.contents import Contents
from cloche.errors import InvalidState, NotFound, NotSupported
from cloche.interrupts import shielded
from cloche.known import Known
from cloche.process import number_of, seconds_of
from cloche.runtime import State

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from types import TracebackType

    from cloche.executing import Place
    from cloche.layers import Change
    from cloche.parameters import Duration
    from cloche.stats import Stats

__all__ = ["Container"]

_SIGKILL = 9
_ALIVE = (State.CREATED, State.RUNNING, State.PAUSED)


class Container(Known[AnyStr], Commands, Contents):
    """A container; as a process it is its own first one.

    As a context manager it ends when the block does, and is removed unless it was made with
    ``keep``. Every method may be called in any thread.
    """

    __slots__ = ()

    def start(self) -> None:
        """Let it run, once, if it was made by ``Engine.create``; InvalidState for any other.

        If that fails it has stopped, and ``inspect`` says why; CommandFailed if its program can't
        be run. Does not wait for its end. Another process than the one that created it can start
        it where runtime and streams allow that.
        """
        from cloche.starting import start

        if self._made is None and self._entry().stray:
            raise InvalidState(
                f"{self.name} has no record of what was to be run in it",
                operation="start",
                container=self.name,
            )
        with shielded():
            if self._found is not None:
                self._found.close()
                self._found = None
            self._made = start(self._shop, self._id, self._made)
            self._streams = self._made.streams

    def stop(self, timeout: Duration | None = None) -> None:
        """Ask it to end by its stop signal, wait, then force it.

        ``timeout`` defaults to its ``stop_timeout``, else 10 seconds. Stopping what has stopped is
        not an error; what was not started yet is not asked.
        """
        from cloche.stopping import stop

        state, seconds = self.state, seconds_of(timeout)
        if state in _ALIVE:
            self._ended(stop(self._container(), self._entry().header, state, seconds))

    def kill(self, signal: int | str = "SIGKILL") -> None:
        """Send a signal to its first process; SIGKILL ends all of them. Does not wait.

        Raises InvalidState if the container has stopped.
        """
        number = number_of(signal)
        created = self.state is State.CREATED
        container = self._container() if created else self.living("kill")
        if number == _SIGKILL:
            container.terminate()
        else:
            self._process().kill(number)

    def remove(self, *, force: bool = False) -> None:
        """Take away everything of it; InvalidState if it is running, unless ``force`` kills it.

        Does all it can, then raises CleanupFailed with what went wrong. A second one is NotFound.
        """
        from cloche.removal import refuse_running, remove_found, remove_made

        with shielded():
            made = self._made
            if made is None or made.removed:  # what an attempt has left, its handles can't reach
                found, self._found = self._found, None
                remove_found(self._shop, self._entry(), found, force=force)
                return
            self.poll()
            if not force and self.state in (State.RUNNING, State.PAUSED):
                refuse_running(self.name, self.inspect())
            # What was written and not read until now is not wanted, nor may a full pipe hold it up.
            remove_made(self._shop, made, self._close_streams)
            self._noted = True

    def pause(self) -> None:
        """Stop all its processes where they are."""
        self.living("pause").pause()

    def resume(self) -> None:
        """Let paused processes run on."""
        self.living("resume").resume()

    def checkpoint(self, directory: str | os.PathLike[str]) -> None:
        """Write down what all its processes are, into a directory that is made or empty.

        The files are the runtime's own, for its own program to restore. It has ended afterwards.
        Raises InvalidSpec for a directory with anything in it, NotSupported where its runtime
        can't.
        """
        from cloche.checkpoints import empty_directory

        self.living("checkpoint").checkpoint(empty_directory(directory))

    def stats(self) -> Stats:
        """Measure what it uses."""
        return self.living("stats").stats()

    def pids(self) -> Sequence[int]:
        """List its processes by their ids on this machine."""
        return self.living("pids").pids()

    def changes(self) -> Sequence[Change]:
        """Tell what it has changed in its root, sorted by path; when it has ended, too.

        Raises NotSupported where its layer store does not know, or its root is nobody's.
        """
        header = self._entry().header
        if header is None or header.layer_store is None:
            raise NotSupported(
                f"{self.name} has no root of its own", operation="diff", container=self.name
            )
        store = self._shop.chooser.store_called(header.layer_store).backend
        return tuple(store.changes(self._id))

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
                from cloche.stopping import force

                self._ended(force(self._container()))
        self.close()

    def place(self) -> Place:
        """What executing something here needs to know; InvalidState unless it is running."""
        from cloche.executing import Place, found_place

        if self.state is State.PAUSED:
            raise InvalidState(
                f"{self.name} is paused: exec needs a running container",
                hint=f"cloche resume {self.name}",
                operation="exec",
                container=self.name,
            )
        container, made = self.living("exec"), self._made
        if made is None:
            return found_place(self._shop, self._entry(), container)
        shop, forms = self._shop, made.runtime.forms
        return Place(shop, self._id, self.name, container, made.first, forms, windows=made.windows)
