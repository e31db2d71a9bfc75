"""A service that was lost, and comes back: attempts with growing pauses, then an end to it.

The service restarts within seconds when it crashes. Until it is back, or has been given up, nobody
who waits for an exit is told anything.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from cloche.errors import ClocheError
from cloche_hcs.background import background

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche_hcs.deadline import Deadline

__all__ = ["PAUSES", "Reconnection"]

#: Seconds before each attempt: half a minute in all.
PAUSES: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)


class Reconnection:
    """Tries again and again, on background threads, until it works or is given up.

    ``attempt`` opens again what was lost, and raises while that can't be done; ``give_up`` is told
    the last attempt's error. At most one round is under way at a time.
    """

    def __init__(
        self,
        attempt: Callable[[], None],
        give_up: Callable[[ClocheError], None],
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self._attempt = attempt
        self._give_up = give_up
        self._pauses = pauses
        self._lock = threading.Lock()
        self._wanted = False
        self._over = threading.Event()
        self._over.set()

    def begin(self) -> None:
        """Start a round; in one that is under way, another attempt. Never blocks."""
        with self._lock:
            self._wanted = True
            if self._over.is_set():
                self._over.clear()
                self._after(0)

    def wait(self, deadline: Deadline) -> bool:
        """Wait until no round is under way; False if one still is."""
        return self._over.is_set() or deadline.sees(self._over)

    def _after(self, failures: int) -> None:
        background.later(self._pauses[failures], lambda: self._try(failures))

    def _try(self, failures: int) -> None:
        with self._lock:
            self._wanted = False
        try:
            self._attempt()
        except ClocheError as error:
            if failures + 1 < len(self._pauses):
                self._after(failures + 1)
                return
            self._give_up(error)
        with self._lock:
            if self._wanted:
                self._after(0)
            else:
                self._over.set()
