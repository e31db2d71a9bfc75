"""A blob on its way, as one line of at most so many columns."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from cloche_cli.progress.display import FINISHED
from cloche_cli.words import duration, short, size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche.images.progress import Progress

__all__ = ["Blob", "Speed", "line", "summary"]

#: Speed is that of the last seconds.
_WINDOW = 3.0
#: Stages that come after all bytes were sent.
_HERE = frozenset(["verifying", "unpacking"])
_BAR = 30
_SHORTEST_BAR = 8
_STAGE = len("downloading")
_SIZES = len("1023 MiB/1023 MiB")


class Speed:
    """Bytes a second, of late."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def saw(self, moment: float, count: int) -> None:
        """Note how many bytes there were at a moment (seconds of a clock that never jumps)."""
        if self._seen and count < self._seen[-1][1]:
            self._seen.clear()  # it has begun again
        self._seen.append((moment, count))
        while len(self._seen) > 2 and moment - self._seen[1][0] >= _WINDOW:
            self._seen.popleft()

    def __call__(self) -> float | None:
        """Nothing is known of it before two moments were seen."""
        if len(self._seen) < 2:
            return None
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began) if ended > began else None


class Blob:
    """What is known of one blob."""

    def __init__(self, event: Progress) -> None:
        self.event = event
        self.speed = Speed()
        #: As it is sent; what it unpacks to is larger.
        self.size = 0

    def saw(self, event: Progress, moment: float) -> None:
        """Take in the newest event; another stage has a speed of its own."""
        if event.stage != self.event.stage:
            self.speed = Speed()
        self.event = event
        if event.stage not in _HERE:
            self.size = event.total or max(self.size, event.current)
        self.speed.saw(moment, event.current)

    @property
    def finished(self) -> bool:
        """Nothing more will happen to it."""
        return self.event.stage in FINISHED

    @property
    def done(self) -> int:
        """How many bytes need not be sent any more."""
        return self.size if self.finished or self.event.stage in _HERE else self.event.current

    @property
    def moving(self) -> bool:
        """Bytes of it are counted."""
        return not self.finished and self.event.stage != "waiting"


def line(blob: Blob, width: int) -> str:
    """Draw one blob: name, stage, bar, sizes, speed and time left, as far as they have room."""
    event = blob.event
    name, stage = short(event.digest), event.stage.ljust(_STAGE)
    if not blob.moving:
        count = event.total or event.current
        return _fit([name, stage, size(count) if count else ""], width)
    pace = _pace(blob.speed(), event.current, event.total)
    parts = [name, stage, _sizes(event.current, event.total).rjust(_SIZES), *pace]
    room = width - len("  ".join(parts)) - len("  []")
    if event.total and room >= _SHORTEST_BAR:
        parts.insert(2, _bar(event.current / event.total, min(room, _BAR)))
    return _fit(parts, width)


def summary(what: str, blobs: Iterable[Blob], speed: Speed, width: int) -> str:
    """Draw the sum of all that is sent."""
    known = list(blobs)
    current, total = sum(blob.done for blob in known), sum(blob.size for blob in known)
    return _fit([what, _sizes(current, total), *_pace(speed(), current, total)], width)


def _sizes(current: int, total: int | None) -> str:
    return f"{size(current)}/{size(total)}" if total else size(current)


def _pace(speed: float | None, current: int, total: int | None) -> list[str]:
    if not speed:
        return []
    left = [f"{duration((total - current) / speed)} left"] if total and total > current else []
    return [f"{size(speed)}/s", *left]


def _bar(share: float, width: int) -> str:
    done = min(int(share * width), width)
    head = ">" if done < width else ""
    return f"[{('=' * done + head).ljust(width)}]"


def _fit(parts: list[str], width: int) -> str:
    """Leave away the last parts that find no room; the first is cut if it must be."""
    while len(parts) > 1 and len("  ".join(parts).rstrip()) > width:
        parts = parts[:-1]
    return "  ".join(parts).rstrip()[: max(width, 0)]
