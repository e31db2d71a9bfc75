"""One copy of the relay on Windows: a read, the write of what it brought, and so on."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from cloche._relay_handles import open_end
from cloche.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche._loop_iocp import Loop
    from cloche._relay_handles import End

__all__ = ["copy"]

#: How a source ends (winerror.h): ERROR_HANDLE_EOF, BROKEN_PIPE, NO_DATA, PIPE_NOT_CONNECTED, and
#: NETNAME_DELETED, CONNECTION_ABORTED of sockets.
_ENDS = frozenset({38, 109, 232, 233, 64, 1236})


class Copy:
    """Moves what comes from one HANDLE to another, piece by piece; all on the loop's thread."""

    def __init__(
        self,
        loop: Loop,
        source: End,
        sink: End,
        *,
        drain: bool,
        half_close: bool,
        trailer: Callable[[bytes], bytes] | None,
    ) -> None:
        self._loop = loop
        self._source = source
        #: None when it is broken and the rest is thrown away.
        self._sink: End | None = sink
        self._drain = drain
        self._half_close = half_close
        self._trailer = trailer
        self._last = b""
        self._ended = False
        self._closed = False
        self._future: Future[None] = Future()

    def start(self) -> Future[None]:
        """Begin, on the loop's thread."""
        self._future.add_done_callback(self._on_done)
        self._loop.post(self._read)
        return self._future

    def _on_done(self, future: Future[None]) -> None:
        if future.cancelled():
            self._loop.post(self._close)

    def _read(self) -> None:
        if not self._closed:
            self._source.read(self._on_piece)

    def _on_piece(self, piece: bytes, error: OSError | None) -> None:
        if self._closed:
            return
        if error is not None and error.winerror not in _ENDS:
            self._finish(error)
        elif piece:
            self._last = piece
            self._write(memoryview(piece))
        else:
            self._ended = True
            self._write(memoryview(self._after_all()))

    def _after_all(self) -> bytes:
        return b"" if self._trailer is None else self._trailer(self._last)

    def _write(self, rest: memoryview) -> None:
        if rest and self._sink is not None:
            self._sink.write(rest, lambda count, error: self._on_written(rest, count, error))
        elif self._ended:
            self._finish(None)
        else:
            self._read()

    def _on_written(self, rest: memoryview, count: int, error: OSError | None) -> None:
        if self._closed:
            return
        if error is None:
            self._write(rest[count:])
        elif error.winerror not in _ENDS:
            self._finish(error)
        elif self._drain and self._sink is not None:
            sink, self._sink = self._sink, None
            sink.close()
            self._write(rest)
        else:
            self._finish(None)

    def _finish(self, error: OSError | None) -> None:
        self._close()
        if not self._future.set_running_or_notify_cancel():
            return
        if error is None:
            self._future.set_result(None)
        else:
            self._future.set_exception(_translated(error))

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._source.close()
        if self._sink is not None:
            self._sink.close(half=self._half_close)
        self._loop.leave()


def copy(
    loop: Loop,
    source: int,
    target: int,
    *,
    drain: bool,
    half_close: bool,
    trailer: Callable[[bytes], bytes] | None,
) -> Future[None]:
    """Begin to copy; BackendError for a HANDLE that is none, and both are closed then."""
    loop.enter()
    opened: list[End] = []
    try:
        for handle in (source, target):
            opened.append(open_end(loop, handle))
    except OSError as error:
        for end in opened:
            end.close()
        if not opened:
            _close_unopened(loop, target)
        loop.leave()
        raise _translated(error) from error
    return Copy(
        loop, opened[0], opened[1], drain=drain, half_close=half_close, trailer=trailer
    ).start()


def _close_unopened(loop: Loop, handle: int) -> None:
    with suppress(OSError):
        open_end(loop, handle).close()


def _translated(error: OSError) -> BackendError:
    made = BackendError(
        f"a stream could not be copied: {error.strerror}", step="relay", errno=error.errno
    )
    made.__cause__ = error
    return made
