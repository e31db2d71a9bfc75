"""Process as users hold it: what ``subprocess.Popen`` is, for a process in a container."""

from __future__ import annotations

import os
import time
from typing import IO, TYPE_CHECKING, Any, AnyStr, Generic, TypeVar, cast

from cloche.errors import InvalidSpec, InvalidState
from cloche.quantities import duration
from cloche.signals import signal_number

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from cloche.draining import Drain
    from cloche.exit import Exit, ExitStatus
    from cloche.parameters import Duration
    from cloche.runtime import RuntimeProcess
    from cloche.stdio import Streams

D = TypeVar("D", bound="Drain")

__all__ = ["Process", "number_of", "seconds_of"]


class Process(Generic[AnyStr]):
    """A process in a container; what it has in common with ``subprocess.Popen`` means the same.

    Every method may be called in any thread. As a context manager it is killed, if it still runs,
    and closed.
    """

    __slots__ = ("_args", "_drain", "_files", "_runtime_process", "_streams", "_text")

    def __init__(
        self,
        args: tuple[str, ...],
        process: RuntimeProcess | None,
        streams: Streams | None,
        *,
        text: bool = False,
    ) -> None:
        self._args = args
        self._runtime_process = process
        self._streams = streams
        self._text = text
        self._files: dict[int, IO[Any]] | None = None
        self._drain: Drain | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {' '.join(self._args)!r}: {self.returncode}>"

    @property
    def args(self) -> tuple[str, ...]:
        """The command, as it was run."""
        return self._args

    @property
    def pid(self) -> int | None:
        """The process id on this machine; None where there is none to tell."""
        return self._process().pid

    @property
    def stdin(self) -> IO[AnyStr] | None:
        """The writing end of its input, if that was asked for as PIPE or by ``tty``."""
        return self._file(0)

    @property
    def stdout(self) -> IO[AnyStr] | None:
        """The reading end of its output, if that was asked for as PIPE or by ``tty``."""
        return self._file(1)

    @property
    def stderr(self) -> IO[AnyStr] | None:
        """The reading end of its stderr, if that was asked for as PIPE."""
        return self._file(2)

    @property
    def exit(self) -> Exit:
        """Its ending, for those who wait by descriptor or future."""
        return self._process().exit

    @property
    def returncode(self) -> int | None:
        """The exit code if it has ended; negative for a signal. Looks anew every time."""
        return self.poll()

    @property
    def status(self) -> ExitStatus | None:
        """How it ended, with the reason; None while it runs."""
        return self._seen(self.exit.poll())

    def poll(self) -> int | None:
        """Look whether it has ended: the exit code then, else None."""
        status = self.status
        return None if status is None else status.returncode

    def wait(self, timeout: Duration | None = None) -> int | None:
        """Wait for the end and return the exit code (None where it could not be learnt).

        Raises TimedOut after ``timeout``, and kills nothing. Any number of waits, in any thread and
        at any time, give the same answer. A process that writes more than a pipe takes while nobody
        reads never ends: use ``communicate``.
        """
        status = self._seen(self.exit.wait(seconds_of(timeout)))
        return None if status is None else status.returncode

    def communicate(
        self, input: AnyStr | None = None, timeout: Duration | None = None
    ) -> tuple[AnyStr | None, AnyStr | None]:
        """Send ``input``, read all output, wait for the end: (stdout, stderr).

        Raises TimedOut after ``timeout``, and kills nothing; call it again, without ``input``, to
        go on. Not to be mixed with reading from the files.
        """
        seconds = seconds_of(timeout)
        deadline = None if seconds is None else time.monotonic() + seconds
        from cloche.draining import Drain

        drain = self.drained_by(input, Drain)
        self._seen(drain.wait(self.exit, deadline))
        drain.finish(1.0)
        return self.output(1), self.output(2)

    def kill(self, signal: int | str = "SIGKILL") -> None:
        """Send a signal, by name or number; does not wait. An ended process is not an error."""
        self._process().kill(number_of(signal))

    def terminate(self) -> None:
        """Send SIGTERM; does not wait."""
        self.kill("SIGTERM")

    def resize(self, width: int, height: int) -> None:
        """Tell its terminal the size in characters; NotSupported without a terminal."""
        self._process().resize(width, height)

    def close(self) -> None:
        """Close the near ends of the streams; the process lives on.

        Its handles are released when it has ended: until then somebody has to see its end.
        """
        self._close_streams()
        if self._runtime_process is not None and self.poll() is not None:
            self._runtime_process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.poll() is None:
            self.kill()
            self.wait()
        self.close()

    def _process(self) -> RuntimeProcess:
        if self._runtime_process is None:
            raise InvalidState("there is no process any more")
        return self._runtime_process

    def _seen(self, status: ExitStatus | None) -> ExitStatus | None:
        """Look at every answer about the end; a container notes the first."""
        return status

    def _file(self, number: int) -> IO[AnyStr] | None:
        if self._files is None:
            self._files = {}
        if number not in self._files:
            if self._streams is None or self._drain is not None:
                return None
            fd = self._streams.near[number]
            if fd is None:
                return None
            self._files[number] = _open(fd, "w" if number == 0 else "r", text=self._text)
        return cast("IO[AnyStr]", self._files[number])

    def drained_by(self, input: AnyStr | None, kind: type[D]) -> D:
        """Give its streams over to a drain, once; later calls get the same one."""
        if self._drain is None:
            self._drain = kind(*self._near_for(input))
        elif input:
            raise InvalidSpec("input: communicate() was given its input before", path="input")
        return cast(D, self._drain)

    def output(self, number: int) -> AnyStr | None:
        """What the drain has read of stdout (1) or stderr (2)."""
        from cloche.draining import decoded

        output = None if self._drain is None else self._drain.output(number)
        return cast("AnyStr | None", decoded(output) if self._text else output)

    def _near_for(self, input: AnyStr | None) -> tuple[list[int | None], bytes | None]:
        from cloche.arguments import to_bytes

        near = _near_of(self._streams)
        if input and near[0] is None:
            raise InvalidSpec("input: stdin was not asked for as PIPE", path="input")
        for number, file in (self._files or {}).items():
            # The drain closes descriptors as they end, which those of open files must not be.
            near[number] = None if file.closed else os.dup(file.fileno())
            if number == 0:
                _close(file)
        return near, None if near[0] is None else to_bytes("input", input or b"")

    def _close_streams(self) -> None:
        """Close what is ours of the streams: by the files or the drain that took them over."""
        streams, self._streams = self._streams, None
        if streams is None:
            return
        files = self._files or {}
        for file in files.values():
            _close(file)
        if self._drain is not None:
            self._drain.close()
        else:
            for number, fd in enumerate(streams.near):
                if fd is not None and number not in files:
                    os.close(fd)
        streams.close()


def _near_of(streams: Streams | None) -> list[int | None]:
    return [None, None, None] if streams is None else [*streams.near]


def _open(fd: int, mode: str, *, text: bool) -> IO[Any]:
    if not text:
        return open(fd, mode + "b")
    return open(fd, mode, encoding="utf-8", errors="replace")


def _close(file: IO[Any]) -> None:
    """What was not read or written until now is not wanted: an end that is gone is no error."""
    try:
        file.close()
    except BrokenPipeError:
        return


def seconds_of(timeout: Duration | None) -> float | None:
    """Read a ``timeout`` parameter; None stays."""
    return None if timeout is None else duration("timeout", timeout)


def number_of(signal: int | str) -> int:
    """Read a ``signal`` parameter."""
    try:
        return signal_number(signal)
    except ValueError:
        raise InvalidSpec(
            f"{signal!r} is not a signal", path="signal", hint="SIGTERM, TERM or 15"
        ) from None
