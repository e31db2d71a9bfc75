"""What a task of the fake waits with: for a stream, for a while, or until somebody calls it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Alarm"]

if sys.platform == "win32":
    import _winapi
    import msvcrt
    import threading
    import time

    from cloche._win32.threads import cancel_calls_of
    from cloche.testing.lab_platform import is_ready

    _SLICE = 0.005
    _LONGEST = 1 << 12
    #: ERROR_OPERATION_ABORTED; and BROKEN_PIPE, NO_DATA, PIPE_NOT_CONNECTED (winerror.h).
    _ABORTED = 995
    _BROKEN = frozenset({109, 232, 233})

    class Alarm:
        """Rings in one thread's ear; what that waits for is looked at again and again here."""

        def __init__(self) -> None:
            self._rung = threading.Event()
            #: The thread that writes, which may block.
            self._writer = 0

        def ring(self) -> None:
            """End the waiting that there is, or the next one."""
            self._rung.set()
            if self._writer:
                threading.Thread(target=self._interrupt, daemon=True).start()

        def quiet(self) -> None:
            """Ring no more."""
            self._rung.clear()

        def close(self) -> None:
            """Do nothing: there is nothing to give back."""

        def wait(self, seconds: float | None = None) -> None:
            """Wait so long, or until it rings."""
            self._rung.wait(seconds)

        def wait_to_read(self, fd: int) -> bool:
            """Wait until there is something; False if it rings before."""
            while not is_ready(fd, 0):
                if self._rung.wait(_SLICE):
                    return False
            return True

        def wait_to_write(self, fd: int) -> bool:
            """Say that ``write`` waits."""
            return not self._rung.is_set()

        def read(self, fd: int, buffer: WriteableBuffer) -> int:
            """Read what is there; 0 at the end."""
            view = memoryview(buffer).cast("B")
            data = os.read(fd, len(view))
            view[: len(data)] = data
            return len(data)

        def write(self, fd: int, data: memoryview) -> int:
            """Write what goes before it rings. Raises BrokenPipeError."""
            self._writer = threading.get_native_id()
            try:
                handle = msvcrt.get_osfhandle(fd)
                return _winapi.WriteFile(handle, bytes(data[:_LONGEST]))[0]
            except OSError as error:
                if error.winerror in _BROKEN:
                    raise BrokenPipeError(*error.args[:2]) from error
                if error.winerror != _ABORTED:
                    raise
                return 0
            finally:
                self._writer = 0

        def _interrupt(self) -> None:
            while (writer := self._writer) and self._rung.is_set():
                cancel_calls_of(writer)
                time.sleep(_SLICE)

else:
    import select
    from contextlib import suppress

    class Alarm:
        """Rings in one thread's ear, by a descriptor that is waited for with what else there is."""

        def __init__(self) -> None:
            self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

        def ring(self) -> None:
            """End the waiting that there is, or the next one."""
            if self._wake >= 0:
                os.eventfd_write(self._wake, 1)

        def quiet(self) -> None:
            """Ring no more."""
            with suppress(BlockingIOError):
                os.eventfd_read(self._wake)

        def close(self) -> None:
            """Give the descriptor back."""
            os.close(self._wake)
            self._wake = -1

        def wait(self, seconds: float | None = None) -> None:
            """Wait so long, or until it rings."""
            self._poll(None, 0, seconds)

        def wait_to_read(self, fd: int) -> bool:
            """Wait until there is something; False if it rings before."""
            return self._poll(fd, select.POLLIN, None)

        def wait_to_write(self, fd: int) -> bool:
            """Wait until something can be written; False if it rings before."""
            return self._poll(fd, select.POLLOUT, None)

        def read(self, fd: int, buffer: WriteableBuffer) -> int:
            """Read what is there; 0 at the end."""
            return os.readv(fd, [buffer])

        def write(self, fd: int, data: memoryview) -> int:
            """Write what goes at once. Raises BrokenPipeError."""
            return os.write(fd, data[: select.PIPE_BUF])

        def _poll(self, fd: int | None, event: int, seconds: float | None) -> bool:
            poll = select.poll()
            poll.register(self._wake, select.POLLIN)
            if fd is not None:
                poll.register(fd, event)
            ready = poll.poll(None if seconds is None else seconds * 1000)
            return any(number == fd for number, _ in ready)
