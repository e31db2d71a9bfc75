"""This program's terminal in front of a container's, for callers that wait: one loop, no thread."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import select
import sys
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from cloche.exit import Exit, ExitStatus
    from cloche.runtime import RuntimeProcess

__all__ = ["Window"]

_CHUNK = 65536


class Window:
    """What stands between two terminals; for a process without one it is nothing at all."""

    def __init__(self, process: RuntimeProcess) -> None:
        self._process = process
        self._pipes = process.pipes
        self._restore: Callable[[], None] | None = None

    @classmethod
    def of(cls, process: RuntimeProcess) -> Self:
        """The one of this process."""
        return cls(process)

    def __enter__(self) -> Self:
        if self._pipes is not None:
            self.fit()
            if not os.isatty(1) and self._pipes.stdin is not None:
                _leave_lines_alone(self._pipes.stdin)
            if os.isatty(0):
                from cloche_cli.terminal import make_raw

                self._restore = make_raw()
        return self

    def __exit__(self, *_: object) -> None:
        if self._restore is not None:
            self._restore()
        for descriptor in self._pipes[:2] if self._pipes is not None else ():
            if descriptor is not None:
                os.close(descriptor)

    def fit(self) -> None:
        """Give the container's terminal the size of ours, if we have one."""
        if self._pipes is None:
            return
        with suppress(OSError):
            size = os.get_terminal_size(1 if os.isatty(1) else 0)
            self._process.resize(size.columns, size.lines)

    def until(self, exit: Exit) -> ExitStatus:
        """Copy both ways until the process has ended."""
        if self._pipes is not None and self._pipes.stdin is not None:
            self._copy(self._pipes.stdin)
        return exit.wait()

    def _copy(self, master: int) -> None:
        """The end of the master's output is that of all who have the terminal open (EIO)."""
        poll = select.poll()
        poll.register(master, select.POLLIN)
        poll.register(0, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                piece = _read(descriptor)
                if descriptor == master:
                    if not piece:
                        return
                    _write(1, piece)
                elif piece:
                    _write(master, piece)
                else:
                    poll.unregister(0)


def _leave_lines_alone(terminal: int) -> None:
    """End lines as the program does: what reads our output is no terminal, and wants no CR."""
    import termios

    attributes = termios.tcgetattr(terminal)
    attributes[1] &= ~termios.ONLCR
    termios.tcsetattr(terminal, termios.TCSANOW, attributes)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:
        return b""


def _write(descriptor: int, piece: bytes) -> None:
    sys.stdout.flush()
    while piece:
        piece = piece[os.write(descriptor, piece) :]
