"""This program's terminal, in front of a container's."""

from __future__ import annotations

import os
import signal
import sys
from _thread import start_new_thread
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING

from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType
    from typing import Any, Self

    from cloche import Process, Size

__all__ = ["Terminal"]

_USUAL = (80, 24)
#: Seconds between two looks at the size of a console.
_LOOK = 0.25

if sys.platform == "win32":
    from cloche_cli.console import make_raw
else:

    def make_raw() -> Callable[[], None]:
        """Let every key reach the container; returns what makes it as it was.

        Without a flush: what somebody has typed ahead is for the container, too. A terminal that
        has gone stays as it is.
        """
        import termios
        import tty

        try:
            cooked = termios.tcgetattr(0)
            tty.setraw(0, termios.TCSADRAIN)
        except termios.error:
            return lambda: None

        def restore() -> None:
            with suppress(termios.error):
                termios.tcsetattr(0, termios.TCSADRAIN, cooked)

        return restore


class Terminal:
    """Our terminal, raw while it is entered so that each key reaches the container.

    With no terminal of ours (output into a pipe) the container's has the usual size. Raises
    UsageError if input is to be passed on and stdin is no terminal.
    """

    def __init__(self, *, interactive: bool) -> None:
        if interactive and not os.isatty(0):
            raise UsageError(
                "-t: stdin is not a terminal", hint="without -t, -i passes a pipe or file on"
            )
        self.interactive = interactive
        self._process: Process[Any] | None = None
        self._restore: Callable[[], None] | None = None
        self._left = Event()
        self._handlers: list[tuple[int, Any]] = []

    @property
    def size(self) -> Size:
        """The size as it is now, in characters."""
        from cloche import Size

        for descriptor in range(3):
            try:
                found = Size(*os.get_terminal_size(descriptor))
            except OSError:
                continue
            if found.width and found.height:
                return found
        return Size(*_USUAL)

    def __enter__(self) -> Self:
        if self.interactive:
            self._restore = make_raw()
        if sys.platform == "win32":
            start_new_thread(self._watch_size, ())
        else:
            for number, handler in (
                (signal.SIGWINCH, self._resized),
                (signal.SIGCONT, self._continued),
            ):
                self._handlers.append((number, signal.signal(number, handler)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._handlers:
            signal.signal(number, handler)
        self._left.set()
        if self._restore is not None:
            self._restore()

    def to(self, process: Process[Any], size: Size) -> None:
        """Pass changes of the size on to this process, which was started with ``size``."""
        self._process = process
        if self.size != size:
            process.resize(*self.size)

    def _watch_size(self) -> None:
        """Where no signal tells of a change."""
        known = self.size
        while not self._left.wait(_LOOK):
            if self._process is not None and self.size != known:
                known = self.size
                _resize(self._process, known)

    def _resized(self, number: int, frame: FrameType | None) -> None:
        if self._process is not None:
            start_new_thread(_resize, (self._process, self.size))

    def _continued(self, number: int, frame: FrameType | None) -> None:
        """The shell that had stopped us has set the terminal as it likes it."""
        if self.interactive:
            make_raw()
        self._resized(number, frame)


def _resize(process: Process[Any], size: Size) -> None:
    from cloche import InvalidState

    try:
        process.resize(*size)
    except InvalidState:
        return  # it has ended meanwhile
