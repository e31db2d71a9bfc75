"""Feed a process, read what it writes, and see its end: with a thread for each stream.

Whoever reads a plain pipe of Windows waits in that read, and can wait for nothing else.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
import time
from threading import Event, Lock
from typing import TYPE_CHECKING

from cloche._win32.threads import Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.exit import Exit, ExitStatus

__all__ = ["Drain"]

_CHUNK = 1 << 16
#: Seconds after which a wait looks for Ctrl-C, which does not interrupt it.
_SLICE = 0.1


class Drain:
    """The near ends of one process, until they end. It closes those that have ended."""

    __slots__ = ("_ended", "_kept", "_limit", "_lock", "_threads", "truncated")

    def __init__(
        self, near: Sequence[int | None], data: bytes | None = None, limit: int | None = None
    ) -> None:
        self._lock = Lock()
        self._limit = limit
        self._kept: list[bytearray | None] = [None, None, None]
        self._threads: dict[int, tuple[Worker, int]] = {}
        self._ended = {number: Event() for number in range(3)}
        #: Output was thrown away because of the limit.
        self.truncated = False
        for number in (1, 2):
            if (fd := near[number]) is not None:
                self._kept[number] = bytearray()
                self._begin(number, fd)
        if near[0] is not None and data is not None:
            self._begin(0, near[0], data)

    def _begin(self, number: int, fd: int, data: bytes = b"") -> None:
        worker = Worker("cloche-drain")
        self._threads[number] = worker, fd
        worker.submit(lambda: self._serve(number, fd, data))

    @property
    def busy(self) -> bool:
        """Whether there is something left to read or to write."""
        return bool(self._threads)

    def wait(self, exit: Exit, deadline: float | None) -> ExitStatus:
        """Feed and read until the process has ended; TimedOut at ``deadline`` (monotonic)."""
        return exit.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))

    def finish(self, seconds: float) -> None:
        """Read what has been written before the end: to the ends of all streams, or so long."""
        deadline = time.monotonic() + seconds
        self._close(0)
        for number in (1, 2):
            while number in self._threads and not self._ended[number].wait(
                max(0.0, min(_SLICE, deadline - time.monotonic()))
            ):
                if time.monotonic() >= deadline:
                    return

    def output(self, number: int) -> bytes | None:
        """What was read of stdout (1) or stderr (2) and kept; None if it was not ours to read."""
        with self._lock:
            kept = self._kept[number]
            return None if kept is None else bytes(kept)

    def close(self) -> None:
        """Close every near end that is left; threads that wait for one give up."""
        for number in range(3):
            self._close(number)

    def _close(self, number: int) -> None:
        held = self._threads.pop(number, None)
        if held is not None:
            worker, fd = held
            worker.close(lambda: os.close(fd))

    def _serve(self, number: int, fd: int, data: bytes) -> None:
        try:
            if number == 0:
                _feed(fd, data)
            else:
                self._read(number, fd)
        except OSError:  # broken, or told to give up
            return
        finally:
            self._ended[number].set()
            self._close(number)

    def _read(self, number: int, fd: int) -> None:
        while chunk := os.read(fd, _CHUNK):
            self._keep(number, chunk)

    def _keep(self, number: int, chunk: bytes) -> None:
        with self._lock:
            kept = self._kept[number]
            assert kept is not None
            if self._limit is not None and len(kept) + len(chunk) > self._limit:
                self.truncated = True
                chunk = chunk[: self._limit - len(kept)]
            kept += chunk


def _feed(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left[:_CHUNK]) :]
