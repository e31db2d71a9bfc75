"""Ctrl-C, held back for as long as it could do harm.

Python raises KeyboardInterrupt between any two instructions of the main thread, thus also between a
system call and the line that keeps what it returned. Where something is made or taken away, an
interrupt therefore waits until all is in order, or until somebody only waits.
"""

from __future__ import annotations

from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from signal import SIGINT, getsignal, signal
    from types import FrameType, TracebackType
    from typing import Any
else:  # the module around it looks every handler up among its names, and that at each call
    from _signal import SIGINT, getsignal, signal

__all__ = ["interruptible", "shielded"]


class _Guard:
    """What holds now; the main thread's alone, for only there are interrupts raised."""

    def __init__(self) -> None:
        #: The main thread, while it is shielded.
        self.thread: int | None = None
        #: Interrupts pass, although it is shielded.
        self.open = False
        self.pending = False
        #: The handler whose place was taken.
        self.before: Any = None

    def handle(self, number: int, frame: FrameType | None) -> None:
        if self.open:
            self.before(number, frame)
        else:
            self.pending = True

    def begin(self) -> bool:
        """Take the handler's place; False where no interrupt would be raised anyway."""
        if not callable(getsignal(SIGINT)):
            return False
        try:
            self.before = signal(SIGINT, self.handle)
        except ValueError:  # not the main thread
            return False
        self.thread = get_ident()
        return True

    def end(self) -> None:
        self.thread, self.open = None, False
        if getsignal(SIGINT) == self.handle:
            signal(SIGINT, self.before)
        self.deliver()

    def deliver(self) -> None:
        if self.pending:
            self.pending = False
            self.before(SIGINT, None)


_guard = _Guard()


class shielded:  # noqa: N801 - a context manager, used like a function
    """Hold interrupts back while it is entered; those that came are raised when it is left."""

    __slots__ = ("_first", "_was_open")

    def __enter__(self) -> None:
        self._was_open = _guard.open
        self._first = _guard.thread != get_ident() and _guard.begin()
        if _guard.thread == get_ident():
            _guard.open = False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._first:
            _guard.end()
        elif _guard.thread == get_ident():
            _guard.open = self._was_open
            if self._was_open:
                _guard.deliver()


class interruptible:  # noqa: N801 - a context manager, used like a function
    """Let interrupts through again within ``shielded``, where nothing is lost by it: to wait.

    Elsewhere it changes nothing.
    """

    __slots__ = ("_was_open",)

    def __enter__(self) -> None:
        self._was_open = _guard.open
        if _guard.thread == get_ident():
            _guard.open = True
            if _guard.pending:
                _guard.open = self._was_open
                _guard.deliver()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if _guard.thread == get_ident():
            _guard.open = self._was_open
