"""Waiting until a moment, interruptible by Ctrl-C on every platform."""

from __future__ import annotations

import sys
import time
from _thread import TIMEOUT_MAX
from typing import TYPE_CHECKING, Final

from cloche.errors import TimedOut

if TYPE_CHECKING:
    import threading
    from _thread import LockType

__all__ = ["Deadline"]

#: Windows lets no Ctrl-C into a thread that waits for a lock: it looks up so often, in seconds.
_LONGEST: Final = 0.2 if sys.platform == "win32" else TIMEOUT_MAX


class Deadline:
    """A moment until which all of an operation has to be done: its call and its notification."""

    __slots__ = ("_at", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, never negative."""
        return max(0.0, self._at - time.monotonic())

    def check(self, function: str, container: str) -> None:
        """Raise TimedOut if it has come: a call that has no time is not begun."""
        if not self.left:
            raise TimedOut(
                f"{function}: no time is left of {self.seconds:g} seconds",
                operation=function,
                container=container,
                backend="hcs",
            )

    def acquires(self, lock: LockType) -> bool:
        """Wait for a lock, and take it; False if the deadline comes before."""
        while not lock.acquire(timeout=min(self.left, _LONGEST)):
            if not self.left:
                return False
        return True

    def sees(self, event: threading.Event) -> bool:
        """Wait for an event; False if the deadline comes before."""
        while not event.wait(min(self.left, _LONGEST)):
            if not self.left:
                return False
        return True
