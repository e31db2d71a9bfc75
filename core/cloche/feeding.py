"""Input that comes by the relay: its end is told to the process that it was for.

First the runtime hears of it, then the last handle is closed: a process that ends with its input
would else be gone before its service is told.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING

from cloche.errors import ClocheError
from cloche.pipes import close, duplicate
from cloche.relay import Relay, shared_relay
from cloche.runtime import RuntimeProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

__all__ = ["relay_for"]


def relay_for(process: RuntimeProcess) -> Callable[[], Relay]:
    """Give what connects a process's streams: the shared relay, which tells it what it must know.

    A runtime that does not say how to close an input has nothing to be told.
    """
    if type(process).close_stdin is RuntimeProcess.close_stdin:
        return shared_relay
    return lambda: FeedingRelay(process)


class FeedingRelay(Relay):
    """The shared relay; when what goes into a process's stdin has ended, it closes that."""

    def __init__(self, process: RuntimeProcess) -> None:
        self._relay = shared_relay()
        self._process = process
        self._stdin = None if process.pipes is None else process.pipes.stdin

    def copy(
        self,
        source: int,
        target: int,
        *,
        drain: bool = False,
        half_close: bool = False,
        trailer: Callable[[bytes], bytes] | None = None,
    ) -> Future[None]:
        """Copy as the shared relay does."""
        copy = partial(
            self._relay.copy, source, target, drain=drain, half_close=half_close, trailer=trailer
        )
        if target != self._stdin:
            return copy()
        kept = duplicate(target)
        try:
            done = copy()
        except BaseException:
            close(kept)
            raise
        done.add_done_callback(lambda done: self._on_end(done, kept))
        return done

    def _on_end(self, done: Future[None], kept: int) -> None:
        """Not on the relay's thread: to tell the runtime is a call that may block."""
        if done.cancelled():
            close(kept)
        else:
            Thread(target=self._end, args=(kept,), name="cloche-close-stdin", daemon=True).start()

    def _end(self, kept: int) -> None:
        try:
            with suppress(ClocheError):  # the process, or its service, may have ended meanwhile
                self._process.close_stdin()
        finally:
            close(kept)
