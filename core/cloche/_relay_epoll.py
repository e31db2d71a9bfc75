"""One copy of the relay, by epoll."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import errno
import os
from collections.abc import Callable
from concurrent.futures import Future

from cloche._loop_epoll import Loop
from cloche._relay_ends import Sink, Source
from cloche.errors import BackendError

#: Rounds before other copies have their turn.
_ROUNDS = 16


class Copy:
    """Moves what comes from one descriptor to another, whenever both are ready.

    ``_step`` is called on the loop's thread each time that something may have become possible. It
    does some rounds and arranges for the next step: soon, or when the side that held it up is
    ready.
    """

    def __init__(
        self,
        loop: Loop,
        source: Source,
        sink: Sink,
        *,
        drain: bool,
        half_close: bool,
        trailer: Callable[[bytes], bytes] | None,
    ) -> None:
        self._loop = loop
        self._source = source
        self._sink = sink
        self._splices = trailer is None and sink.takes(source)
        self._drain = drain
        self._half_close = half_close
        self._trailer = trailer
        #: What has been read and not yet written; and the last piece that was read.
        self._rest = memoryview(b"")
        self._last = b""
        self._ended = False
        self._closed = False
        self._future: Future[None] = Future()

    def start(self) -> Future[None]:
        """Begin, on the loop's thread."""
        self._future.add_done_callback(self._on_done)
        self._loop.post(self._step)
        return self._future

    def _on_done(self, future: Future[None]) -> None:
        if future.cancelled():
            self._loop.post(self._close)

    def _step(self) -> None:
        if self._closed:
            return
        try:
            ended = self._rounds()
        except BlockingIOError:
            self._wait()
        except BrokenPipeError:
            self._on_broken_sink()
        except Exception as error:  # noqa: BLE001 - told to whoever waits for this copy
            self._finish(error)
        else:
            self._finish(None) if ended else self._loop.post(self._step)

    def _rounds(self) -> bool:
        """Move what goes at once, but not for long; true at the end."""
        return not all(self._splice() if self._splices else self._shovel() for _ in range(_ROUNDS))

    def _splice(self) -> bool:
        try:
            return self._sink.splice(self._source) > 0
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            self._splices = False  # not every file system can
            return True

    def _shovel(self) -> bool:
        if not self._rest:
            self._rest = memoryview(self._read() or self._after_all())
        if not self._rest:
            return False
        while self._rest:
            self._rest = self._rest[self._sink.write(self._rest) :]
        return True

    def _read(self) -> bytes:
        """Read on, unless the end was seen: a terminal that has ended once may be read again."""
        if self._ended:
            return b""
        piece = self._source.read()
        self._ended = not piece
        self._last = piece or self._last
        return piece

    def _after_all(self) -> bytes:
        trailer, self._trailer = self._trailer, None
        return trailer(self._last) if trailer is not None else b""

    def _wait(self) -> None:
        try:
            if self._rest or (self._splices and self._source.is_readable()):
                self._loop.when_writable(self._sink.fd, self._step)
            else:
                self._loop.when_readable(self._source.fd, self._step)
        except PermissionError:  # a file: always ready
            self._loop.post(self._step)

    def _on_broken_sink(self) -> None:
        """Go on into nowhere, or end."""
        if not self._drain:
            self._finish(None)
            return
        self._loop.forget(self._sink.fd)
        self._sink.close(half=False)
        self._sink = Sink(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC))
        self._splices = self._sink.takes(self._source)
        self._rest = memoryview(b"")
        self._loop.post(self._step)

    def _finish(self, error: Exception | None) -> None:
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
        self._loop.forget(self._source.fd)
        self._loop.forget(self._sink.fd)
        self._source.close()
        self._sink.close(half=self._half_close)


def copy(
    loop: Loop,
    source: int,
    target: int,
    *,
    drain: bool,
    half_close: bool,
    trailer: Callable[[bytes], bytes] | None,
) -> Future[None]:
    """Begin to copy."""
    return Copy(
        loop,
        Source(source),
        Sink(target),
        drain=drain,
        half_close=half_close,
        trailer=trailer,
    ).start()


def _translated(error: Exception) -> Exception:
    if not isinstance(error, OSError):
        return error
    made = BackendError(
        f"a stream could not be copied: {error.strerror}", step="relay", errno=error.errno
    )
    made.__cause__ = error
    return made
