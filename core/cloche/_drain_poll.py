"""Feed a process, read what it writes, and see its end: all in the caller's thread."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import select
import time
from typing import TYPE_CHECKING

from cloche.errors import TimedOut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.exit import Exit, ExitStatus

__all__ = ["Drain"]

_CHUNK = 1 << 16
#: What a pipe takes at once without blocking, whatever is in it.
_PIECE = select.PIPE_BUF
_WRITABLE = select.POLLOUT
_READABLE = select.POLLIN


class Drain:
    """The near ends of one process, until they end. It closes those that have ended."""

    __slots__ = ("_input", "_kept", "_limit", "_poll", "_reading", "_sent", "_stdin", "truncated")

    def __init__(
        self, near: Sequence[int | None], data: bytes | None = None, limit: int | None = None
    ) -> None:
        self._poll: select.poll | None = None
        self._stdin, self._input, self._sent = -1, data or b"", 0
        self._kept: list[bytearray | None] = [None, None, None]
        self._reading: dict[int, int] = {}
        self._limit = limit
        #: Output was thrown away because of the limit.
        self.truncated = False
        for number in (1, 2):
            self._read_from(number, near[number])
        if near[0] is not None and data is not None:
            self._write_to(near[0])

    def _read_from(self, number: int, fd: int | None) -> None:
        if fd is not None:
            self._kept[number] = bytearray()
            self._reading[fd] = number
            self._watch(fd, _READABLE)

    def _write_to(self, fd: int) -> None:
        if not self._input:
            os.close(fd)
            return
        os.set_blocking(fd, False)
        self._stdin = fd
        self._watch(fd, _WRITABLE)

    @property
    def busy(self) -> bool:
        """Whether there is something left to read or to write."""
        return bool(self._reading) or self._stdin >= 0

    def wait(self, exit: Exit, deadline: float | None) -> ExitStatus:
        """Feed and read until the process has ended; TimedOut at ``deadline`` (monotonic)."""
        if not self.busy:
            return exit.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
        signal = _signal_of(exit)
        try:
            self._watch(signal, _READABLE)
            while signal not in self._step(deadline):
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimedOut("the process has not ended in time", operation="wait")
            return exit.wait()
        finally:
            self._forget(signal)
            os.close(signal)

    def finish(self, seconds: float) -> None:
        """Read what has been written before the end: to the ends of all streams, or so long."""
        deadline = time.monotonic() + seconds
        self._close_stdin()
        while self._reading and time.monotonic() < deadline:
            self._step(deadline)

    def output(self, number: int) -> bytes | None:
        """What was read of stdout (1) or stderr (2) and kept; None if it was not ours to read."""
        kept = self._kept[number]
        return None if kept is None else bytes(kept)

    def close(self) -> None:
        """Close every near end that is left."""
        self._close_stdin()
        for fd in list(self._reading):
            self._close_output(fd)

    def _step(self, deadline: float | None) -> list[int]:
        """Wait for one round of events and serve them; the descriptors that are not ours."""
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        strangers = []
        assert self._poll is not None
        for fd, _ in self._poll.poll(left):
            if not self._serve(fd):
                strangers.append(fd)
        return strangers

    def _watch(self, fd: int, events: int) -> None:
        if self._poll is None:
            self._poll = select.poll()
        self._poll.register(fd, events)

    def _forget(self, fd: int) -> None:
        assert self._poll is not None
        self._poll.unregister(fd)

    def _serve(self, fd: int) -> bool:
        """Read from or write to a descriptor that is ready; False if it is none of ours."""
        if fd in self._reading:
            self._read(fd)
        elif fd == self._stdin:
            self._write(fd)
        else:
            return False
        return True

    def _read(self, fd: int) -> None:
        try:
            chunk = os.read(fd, _CHUNK)
        except OSError:  # EIO: how a terminal ends
            chunk = b""
        if chunk:
            self._keep(self._reading[fd], chunk)
        else:
            self._close_output(fd)

    def _keep(self, number: int, chunk: bytes) -> None:
        kept = self._kept[number]
        assert kept is not None
        if self._limit is not None and len(kept) + len(chunk) > self._limit:
            self.truncated = True
            chunk = chunk[: self._limit - len(kept)]
        kept += chunk

    def _write(self, fd: int) -> None:
        try:
            self._sent += os.write(fd, memoryview(self._input)[self._sent : self._sent + _PIECE])
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._sent = len(self._input)
        if self._sent >= len(self._input):
            self._close_stdin()

    def _close_stdin(self) -> None:
        if self._stdin >= 0:
            self._forget(self._stdin)
            os.close(self._stdin)
            self._stdin = -1

    def _close_output(self, fd: int) -> None:
        del self._reading[fd]
        self._forget(fd)
        os.close(fd)


def _signal_of(exit: Exit) -> int:
    """Open a descriptor that has something to say when the process has ended."""
    fd = exit.fileno()
    if fd is not None:
        return fd
    reading, writing = os.pipe()
    exit.future.add_done_callback(lambda _: os.close(writing))
    return reading
