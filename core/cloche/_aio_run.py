"""``run`` in an event loop."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from cloche._aio_verbs import ending, to_the_end
from cloche.draining import Drain
from cloche.events import tell
from cloche.executing import end
from cloche.exit import ExitStatus, Reason
from cloche.removal import DRAIN, remove_made
from cloche.running import leave
from cloche.waiting import refuse_terminal, result_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloche.made import Made
    from cloche.request import Asked
    from cloche.result import Result
    from cloche.runtime import RuntimeProcess
    from cloche.stdio import Streams
    from cloche.workshop import Workshop

__all__ = ["LoopDrain", "finish_process", "run_in", "until_end"]

_GRACE = 10.0
_SIGKILL = 9


if sys.platform == "win32":

    class LoopDrain(Drain):
        """A drain that threads of its own serve, from the moment it is made."""

        __slots__ = ()

        async def rest(self, seconds: float) -> None:
            """Let them read to the ends of all streams, or so long."""
            await asyncio.to_thread(self.finish, seconds)

else:

    class LoopDrain(Drain):
        """A drain that the event loop serves, from the moment it is made."""

        __slots__ = ("_idle", "_loop")

        def __init__(
            self, near: Sequence[int | None], data: bytes | None = None, limit: int | None = None
        ) -> None:
            self._loop = asyncio.get_running_loop()
            self._idle: asyncio.Future[None] | None = None
            super().__init__(near, data, limit)

        def _watch(self, fd: int, events: int) -> None:
            if fd == self._stdin:
                self._loop.add_writer(fd, self._serve, fd)
            else:
                self._loop.add_reader(fd, self._serve, fd)

        def _forget(self, fd: int) -> None:
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)

        def _serve(self, fd: int) -> bool:
            ours = super()._serve(fd)
            if not self.busy and self._idle is not None and not self._idle.done():
                self._idle.set_result(None)
            return ours

        async def rest(self, seconds: float) -> None:
            """Let the loop read to the ends of all streams, or so long."""
            self._close_stdin()
            if self.busy:
                self._idle = self._loop.create_future()
                await asyncio.wait([self._idle], timeout=seconds)


async def run_in(shop: Workshop, asked: Asked) -> Result[Any]:
    """Do what ``cloche.run`` does, with the waiting in the event loop."""
    refuse_terminal(asked)
    made = await to_the_end(
        lambda: shop.make(asked), undo=lambda made: remove_made(shop, made, lambda: None)
    )
    drain = LoopDrain(made.streams.near, asked.input, asked.output_limit)
    try:
        status = await until_end(made.process, asked, made.container.terminate)
        result = await _finish(shop, asked, made, drain, status)
    except BaseException:
        if not made.removed:
            await to_the_end(lambda: remove_made(shop, made, lambda: None))
        raise
    finally:
        drain.close()
    return result


async def _finish(
    shop: Workshop, asked: Asked, made: Made, drain: LoopDrain, status: ExitStatus
) -> Result[Any]:
    tell(shop.plugins, "end", made.record.id, made.record.name, status=status)
    if asked.keep:
        await drain.rest(DRAIN)
        await to_the_end(lambda: leave(made, status))
    else:
        await to_the_end(made.container.delete)
        await drain.rest(DRAIN)
        await to_the_end(lambda: remove_made(shop, made, lambda: None))
    return result_of(asked, status, drain)


async def finish_process(process: RuntimeProcess, streams: Streams, asked: Asked) -> Result[Any]:
    """Wait for a further process in a container; whatever is raised, it is killed first."""
    drain = LoopDrain(streams.near, asked.input, asked.output_limit)
    try:
        status = await until_end(process, asked, lambda: process.kill(_SIGKILL))
        await drain.rest(DRAIN)
    except BaseException:
        await to_the_end(lambda: end(process))
        raise
    finally:
        drain.close()
        streams.close()
        process.close()
    return result_of(asked, status, drain)


async def until_end(process: RuntimeProcess, asked: Asked, kill: Callable[[], None]) -> ExitStatus:
    """Wait; kill when the time is up, which is a result (reason TIMEOUT) and no error."""
    try:
        return await ending(process.exit, asked.timeout)
    except TimeoutError:
        kill()
    try:
        status = await ending(process.exit, _GRACE)
    except TimeoutError:
        return ExitStatus.killed(_SIGKILL, Reason.TIMEOUT)
    return ExitStatus(status.code, status.signal, Reason.TIMEOUT)
