"""Container and Process for asyncio."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Literal, overload

from cloche._aio_run import LoopDrain, finish_process
from cloche._aio_verbs import ending, to_the_end
from cloche.errors import TimedOut
from cloche.process import seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import BinaryIO, Self, Unpack

    from cloche import container as blocking
    from cloche import process as blocking_process
    from cloche.details import Details
    from cloche.exit import ExitStatus
    from cloche.layers import Change
    from cloche.parameters import Duration, ExecOptions, ExecRunOptions
    from cloche.result import Result
    from cloche.runtime import State
    from cloche.spec import Process as Document
    from cloche.stats import Stats

__all__ = ["Container", "Process"]


class Process:
    """``cloche.Process`` for asyncio: what waits is awaited, what only looks is not.

    ``stdin``, ``stdout`` and ``stderr`` are not offered as streams: ``communicate`` moves their
    contents, and ``fileno`` of the blocking object's files serves a protocol of one's own.
    """

    def __init__(self, process: blocking_process.Process[Any]) -> None:
        self._it = process

    def __repr__(self) -> str:
        return repr(self._it)

    @property
    def args(self) -> tuple[str, ...]:
        """The command, as it was run."""
        return self._it.args

    @property
    def pid(self) -> int | None:
        """The process id on this machine; None where there is none to tell."""
        return self._it.pid

    @property
    def returncode(self) -> int | None:
        """The exit code if it has ended; negative for a signal. Looks anew every time."""
        return self._it.returncode

    @property
    def status(self) -> ExitStatus | None:
        """How it ended, with the reason; None while it runs."""
        return self._it.status

    async def wait(self, timeout: Duration | None = None) -> int | None:
        """Wait for the end and return the exit code; TimedOut after ``timeout`` kills nothing."""
        seconds = seconds_of(timeout)
        try:
            await ending(self._it.exit, seconds)
        except TimeoutError:
            message = f"not ended after {seconds:g} seconds"
            raise TimedOut(message, operation="wait") from None
        return self._it.poll()

    async def communicate(
        self, input: Any = None, timeout: Duration | None = None
    ) -> tuple[Any, Any]:
        """Send ``input``, read all output, wait for the end; TimedOut kills nothing."""
        drain = self._it.drained_by(input, LoopDrain)
        await self.wait(timeout)
        await drain.rest(1.0)
        return self._it.output(1), self._it.output(2)

    async def kill(self, signal: int | str = "SIGKILL") -> None:
        """Send a signal, by name or number; an ended process is not an error."""
        await asyncio.to_thread(self._it.kill, signal)

    async def terminate(self) -> None:
        """Send SIGTERM."""
        await self.kill("SIGTERM")

    async def resize(self, width: int, height: int) -> None:
        """Tell its terminal the size in characters; NotSupported without a terminal."""
        await asyncio.to_thread(self._it.resize, width, height)

    async def close(self) -> None:
        """Close the near ends of the streams and release handles; the process lives on."""
        await asyncio.to_thread(self._it.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await to_the_end(lambda: self._it.__exit__(kind, error, trace))


class Container(Process):
    """``cloche.Container`` for asyncio."""

    _it: blocking.Container[Any]

    def __init__(self, container: blocking.Container[Any]) -> None:
        super().__init__(container)

    @property
    def id(self) -> str:
        """The id: generated, unique, unchanged for life."""
        return self._it.id

    @property
    def name(self) -> str:
        """The name it was given; its id if it was given none."""
        return self._it.name

    @property
    def state(self) -> State:
        """What it is doing now."""
        return self._it.state

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels it was given."""
        return self._it.labels

    async def inspect(self) -> Details:
        """Everything known about it, at this moment."""
        return await asyncio.to_thread(self._it.inspect)

    async def start(self) -> None:
        """Let it run, once, if it was made by ``create``; InvalidState for any other."""
        await to_the_end(self._it.start)

    async def stop(self, timeout: Duration | None = None) -> None:
        """Ask it to end by its stop signal, wait, then force it."""
        await asyncio.to_thread(self._it.stop, timeout)

    async def remove(self, *, force: bool = False) -> None:
        """Take away everything of it; InvalidState if it is running, unless ``force``."""
        await to_the_end(lambda: self._it.remove(force=force))

    async def pause(self) -> None:
        """Stop all its processes where they are."""
        await asyncio.to_thread(self._it.pause)

    async def resume(self) -> None:
        """Let paused processes run on."""
        await asyncio.to_thread(self._it.resume)

    async def checkpoint(self, directory: str | os.PathLike[str]) -> None:
        """Write down what all its processes are; see ``Container.checkpoint``."""
        await asyncio.to_thread(self._it.checkpoint, directory)

    async def stats(self) -> Stats:
        """Measure what it uses."""
        return await asyncio.to_thread(self._it.stats)

    async def pids(self) -> Sequence[int]:
        """List its processes by their ids on this machine."""
        return await asyncio.to_thread(self._it.pids)

    async def exec(
        self,
        args: Sequence[str] | Document,
        *,
        text: bool | None = None,
        **options: Unpack[ExecOptions],
    ) -> Process:
        """Run a further process in it and return at once."""
        return Process(
            await to_the_end(
                lambda: self._it.exec(args, text=text, **options),  # type: ignore[arg-type]
                undo=lambda made: made.__exit__(None, None, None),
            )
        )

    @overload
    async def run(
        self,
        args: Sequence[str] | Document,
        *,
        text: Literal[True],
        **options: Unpack[ExecRunOptions],
    ) -> Result[str]: ...
    @overload
    async def run(
        self,
        args: Sequence[str] | Document,
        *,
        text: Literal[False] | None = None,
        **options: Unpack[ExecRunOptions],
    ) -> Result[bytes]: ...
    async def run(
        self,
        args: Sequence[str] | Document,
        *,
        text: bool | None = None,
        **options: Unpack[ExecRunOptions],
    ) -> Result[Any]:
        """Run a further process in it and wait for its end; cancelling kills it."""
        from cloche.executing import ask_for, end, execute
        from cloche.options import EXEC_RUN

        asked = ask_for("run", args, {**options, "text": text}, EXEC_RUN)
        process, streams = await to_the_end(
            lambda: execute(self._it.place(), asked), undo=lambda made: end(made[0])
        )
        return await finish_process(process, streams, asked)

    async def read_text(self, path: str) -> str:
        """Read a file of the container as UTF-8 (with replacement)."""
        return await asyncio.to_thread(self._it.read_text, path)

    async def read_bytes(self, path: str) -> bytes:
        """Read a file of the container; NotFound if there is none."""
        return await asyncio.to_thread(self._it.read_bytes, path)

    async def write_text(self, path: str, text: str) -> None:
        """Write a file of the container as UTF-8; its directory is made if missing."""
        await asyncio.to_thread(self._it.write_text, path, text)

    async def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file of the container, replacing it; its directory is made if missing."""
        await asyncio.to_thread(self._it.write_bytes, path, data)

    async def copy_in(
        self,
        source: str | os.PathLike[str],
        target: str,
        *,
        owners: bool = False,
        follow: bool = False,
    ) -> None:
        """Copy a file or tree of this machine into the container."""
        await asyncio.to_thread(self._it.copy_in, source, target, owners=owners, follow=follow)

    async def copy_out(
        self,
        source: str,
        target: str | os.PathLike[str],
        *,
        owners: bool = False,
        follow: bool = False,
    ) -> None:
        """Copy a file or tree of the container to this machine."""
        await asyncio.to_thread(self._it.copy_out, source, target, owners=owners, follow=follow)

    async def pack(self, source: str, file: BinaryIO, *, follow: bool = False) -> None:
        """Write a file or tree of the container to ``file`` as a tar archive."""
        await asyncio.to_thread(self._it.pack, source, file, follow=follow)

    async def unpack(self, file: BinaryIO, target: str, *, owners: bool = False) -> None:
        """Unpack a tar archive into a directory of the container."""
        await asyncio.to_thread(self._it.unpack, file, target, owners=owners)

    async def export(self, path: str | os.PathLike[str] | BinaryIO) -> None:
        """Write the whole root file system to a tar archive."""
        await asyncio.to_thread(self._it.export, path)

    async def changes(self) -> Sequence[Change]:
        """Tell what it has changed in its root, sorted by path; when it has ended, too."""
        return await asyncio.to_thread(self._it.changes)
