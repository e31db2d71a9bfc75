"""Bars on a terminal, painted over themselves.

The cursor rests at the beginning of the line below: whoever interrupts finds it there. A frame is
one write in which each line replaces its predecessor, so nothing is ever seen empty.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from cloche_cli.progress.display import Display
from cloche_cli.progress.layout import Blob, Speed, line, summary
from cloche_cli.words import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self, TextIO

    from cloche.images.progress import Progress

__all__ = ["Bars"]

_UP = "\033[{}A"
_REST_OF_LINE, _REST_OF_SCREEN = "\033[K", "\033[J"
_USUAL = os.terminal_size((80, 24))

if sys.platform == "win32":
    from cloche_cli.console import obey_sequences
else:

    def obey_sequences(fd: int) -> Callable[[], None]:
        """Terminals do."""
        return lambda: None


class Bars(Display):
    """A line for each blob, and one for all of them."""

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file
        self._blobs: dict[str, Blob] = {}
        self._what = ""
        self._speed = Speed()
        self._painted: list[str] = []

    def __enter__(self) -> Self:
        self._restore = obey_sequences(self._file.fileno())
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._restore()

    def show(self, events: Sequence[Progress]) -> None:
        """Take the events in, and paint what differs from what is there."""
        now = time.monotonic()
        for event in events:
            self._what = printable(event.reference)
            self._blobs.setdefault(event.digest, Blob(event)).saw(event, now)
        if self._blobs:
            self._speed.saw(now, sum(blob.done for blob in self._blobs.values()))
            self._paint(_size(self._file))

    def _paint(self, window: os.terminal_size) -> None:
        """A column is left free: what fills the last one may count as two lines."""
        lines = self.lines(window.columns - 1, window.lines - 1)
        if lines == self._painted:
            return
        up = rows(self._painted, window.columns)
        frame = [_UP.format(up) if up else "", *(f"{text}{_REST_OF_LINE}\r\n" for text in lines)]
        self._file.write("\r" + "".join(frame) + _REST_OF_SCREEN)
        self._file.flush()
        self._painted = lines

    def lines(self, width: int, height: int) -> list[str]:
        """Draw all in so many columns and lines; where there is no room, what is done goes."""
        blobs = list(self._blobs.values())
        everything = summary(self._what, blobs, self._speed, width)
        room = max(height - 1, 0)
        if len(blobs) > room:
            moving = [blob for blob in blobs if blob.moving]
            others = [blob for blob in blobs if not blob.moving]
            blobs = [*others[: max(room - len(moving), 0)], *moving][:room]
        return [*(line(blob, width) for blob in blobs), everything]


def rows(lines: Sequence[str], width: int) -> int:
    """Count the lines of a terminal that texts take, which has made new ones of too long ones."""
    return sum(max(-(-len(text) // max(width, 1)), 1) for text in lines)


def _size(file: TextIO) -> os.terminal_size:
    """The window as it is now: it is looked at for every frame, so no signal is needed."""
    try:
        found = os.get_terminal_size(file.fileno())
    except OSError:
        return _USUAL
    return found if found.columns and found.lines else _USUAL
