"""The relay: one thread that copies all streams which can't simply be handed on."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

__all__ = ["Relay", "all_done", "shared_relay"]


class Relay:
    """Copies between descriptors, on one thread that lives while there is something to copy.

    On Windows between HANDLEs. Most processes need one only: ``shared_relay``. All methods may be
    called on any thread.
    """

    def __init__(self) -> None:
        if sys.platform == "win32":
            from cloche._loop_iocp import Loop
        else:
            from cloche._loop_epoll import Loop

        self._loop = Loop("cloche-relay")

    def copy(
        self,
        source: int,
        target: int,
        *,
        drain: bool = False,
        half_close: bool = False,
        trailer: Callable[[bytes], bytes] | None = None,
    ) -> Future[None]:
        """Copy from ``source`` until its end, then close both; they belong to the relay from now.

        The future is done when everything has gone into ``target`` and both are closed. To cancel
        it ends the copying, with the loss of what is on its way. Errors in reading or writing are
        the future's; EIO from a terminal is its end.

        A target that is broken (EPIPE) is an end, too: ``source`` is closed, so that its writer
        learns of it, or with ``drain`` read on to its end and thrown away. A target that takes no
        more holds up its own source and no other.

        The descriptors may share their files with others, so no flag of theirs is changed: where
        a file is yours alone, make it non-blocking before. Only a write to another user's terminal,
        which can't be opened anew, may block.

        HANDLEs should be overlapped: each of the others takes a thread of its own. Raises
        BackendError for one that can't be used; both are closed then.

        ``half_close`` shuts a socket's writing side at the end. ``trailer`` is given the last piece
        that came, on the relay's thread, and returns what is to be written after it.
        """
        if sys.platform == "win32":
            from cloche._relay_iocp import copy
        else:
            from cloche._relay_epoll import copy

        return copy(self._loop, source, target, drain=drain, half_close=half_close, trailer=trailer)


@cache
def shared_relay() -> Relay:
    """Give the one relay of this process; its thread starts with the first copy."""
    return Relay()


def all_done(futures: Iterable[Future[None]]) -> Future[None]:
    """Combine into one that is done when all are; the first error is its own.

    To cancel it cancels none of them; one of them that is cancelled is done.
    """
    from concurrent.futures import Future

    combined: Future[None] = Future()
    following = iter(futures)
    errors: list[BaseException] = []

    def go_on(done: Future[None] | None = None) -> None:
        if done is not None and not done.cancelled() and (error := done.exception()):
            errors.append(error)
        if (waiting := next(following, None)) is not None:
            waiting.add_done_callback(go_on)
        elif combined.set_running_or_notify_cancel():
            combined.set_exception(errors[0]) if errors else combined.set_result(None)

    go_on()
    return combined
