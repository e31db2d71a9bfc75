"""Where a copy of the relay comes from and goes to on Windows: reads and writes that call back.

An overlapped HANDLE is served by the loop's completion port. For any other (a file, a console, an
anonymous pipe) each read and write blocks whoever asks, so a thread of its own does.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import _winapi
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from cloche._win32.handles import close, is_overlapped
from cloche._win32.threads import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche._loop_iocp import Loop
    from cloche._win32.ports import Operation

__all__ = ["End", "open_end"]

T = TypeVar("T")
U = TypeVar("U")

_CHUNK = 1 << 16
#: Of winerror.h.
_NO_HANDLE = 6
_INVALID_PARAMETER = 87


class End(Protocol):
    """One side of a copy; owns its HANDLE. One read or write is under way at a time."""

    def read(self, done: Callable[[bytes, OSError | None], None]) -> None:
        """Read what comes next, nothing at the end; ``done`` is called on the loop's thread."""
        ...

    def write(self, data: memoryview, done: Callable[[int, OSError | None], None]) -> None:
        """Write, and tell how much it was; ``done`` is called on the loop's thread."""
        ...

    def close(self, *, half: bool = False) -> None:
        """Give up what is under way, and close; ``half``: end a socket's way out."""
        ...


def open_end(loop: Loop, handle: int) -> End:
    """Find out how a HANDLE is to be used; OSError for one that can't be. It is taken over."""
    try:
        if not is_overlapped(handle):
            return BlockingEnd(loop, handle)
        if _winapi.GetFileType(handle) == _winapi.FILE_TYPE_DISK:
            message = "a file can't be copied by an overlapped handle"
            raise OSError(None, message, None, _INVALID_PARAMETER)
        return PortEnd(loop, handle)
    except OSError as error:
        if error.winerror != _NO_HANDLE:
            close(handle)
        raise


class PortEnd:
    """A HANDLE whose reads and writes end in the loop's port."""

    def __init__(self, loop: Loop, handle: int) -> None:
        self._loop = loop
        self._handle = handle
        self._operation: Operation | None = None
        try:
            loop.associate(handle)
        except OSError as error:
            if error.winerror != _INVALID_PARAMETER:  # else its file has this port already
                raise

    def read(self, done: Callable[[bytes, OSError | None], None]) -> None:
        """Begin a read."""

        def tell(operation: Operation) -> None:
            self._operation = None
            piece, error = _attempt(operation.getresult, b"")
            assert isinstance(piece, bytes)
            done(piece, error)

        try:
            self._operation = self._loop.begin(lambda o: o.ReadFile(self._handle, _CHUNK), tell)
        except OSError as problem:
            done(b"", problem)

    def write(self, data: memoryview, done: Callable[[int, OSError | None], None]) -> None:
        """Begin a write."""

        def tell(operation: Operation) -> None:
            self._operation = None
            count, error = _attempt(operation.getresult, 0)
            assert isinstance(count, int)
            done(count, error)

        try:
            self._operation = self._loop.begin(lambda o: o.WriteFile(self._handle, data), tell)
        except OSError as problem:
            done(0, problem)

    def close(self, *, half: bool = False) -> None:
        """Cancel what is under way; the loop keeps its memory until it has ended."""
        if self._operation is not None:
            self._operation.cancel()
        if half and _shut_down(self._handle):
            return
        close(self._handle)


class BlockingEnd:
    """A HANDLE that is read and written by a thread of its own."""

    def __init__(self, loop: Loop, handle: int) -> None:
        self._loop = loop
        self._handle = handle
        self._worker = Worker("cloche-relay-end")

    def read(self, done: Callable[[bytes, OSError | None], None]) -> None:
        """Have the thread read."""

        def work() -> None:
            piece, error = _attempt(lambda: _winapi.ReadFile(self._handle, _CHUNK)[0], b"")
            self._loop.post(lambda: done(piece, error))

        self._worker.submit(work)

    def write(self, data: memoryview, done: Callable[[int, OSError | None], None]) -> None:
        """Have the thread write."""

        def work() -> None:
            count, error = _attempt(lambda: _winapi.WriteFile(self._handle, bytes(data))[0], 0)
            self._loop.post(lambda: done(count, error))

        self._worker.submit(work)

    def close(self, *, half: bool = False) -> None:
        """Interrupt the thread, which closes the HANDLE: while it reads nobody else can."""
        self._worker.close(lambda: close(self._handle))


def _attempt(call: Callable[[], T], otherwise: U) -> tuple[T | U, OSError | None]:
    try:
        return call(), None
    except OSError as problem:
        return otherwise, problem


def _shut_down(handle: int) -> bool:
    """End a socket's way out and close it, even if others hold it, too; False for other things."""
    import socket

    try:
        ours = socket.socket(fileno=handle)
    except OSError:
        return False
    with suppress(OSError), ours:  # its reader may be gone already
        ours.shutdown(socket.SHUT_WR)
    return True
