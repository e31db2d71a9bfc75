"""Blocking verbs in threads, and endings in the event loop."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.exit import Exit, ExitStatus

__all__ = ["ending", "to_the_end"]

T = TypeVar("T")


async def to_the_end(verb: Callable[[], T], *, undo: Callable[[T], object] | None = None) -> T:
    """Run a blocking verb in a thread, and be cancelled only when it is done.

    A thread can't be stopped half-way: whoever left it alone would lose what it makes. If it was to
    be cancelled meanwhile, what was made is taken back by ``undo``.
    """
    working = asyncio.ensure_future(asyncio.to_thread(verb))
    cancelled: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.wait([working])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return working.result()
    if undo is not None and working.exception() is None:
        made = working.result()
        await to_the_end(lambda: undo(made))
    raise cancelled


async def ending(exit: Exit, timeout: float | None = None) -> ExitStatus:
    """Wait in the event loop for an end; TimeoutError after ``timeout`` seconds."""
    async with asyncio.timeout(timeout):
        fd = exit.fileno()
        if fd is None:
            return await asyncio.wrap_future(exit.future)
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        loop.add_reader(fd, _tell, ended)
        try:
            await ended
        finally:
            loop.remove_reader(fd)
            os.close(fd)
    return exit.wait()


def _tell(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)
