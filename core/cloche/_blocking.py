"""Waiting in the caller's thread, interruptible by Ctrl-C, until a deadline (monotonic clock).

A deadline of None never comes.
"""

from __future__ import annotations

import sys
import time
from _thread import TIMEOUT_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType


if sys.platform == "win32":

    def readable(fd: int, deadline: float | None) -> bool:
        """Refuse: what becomes readable here can be of no kind that is waited for with others."""
        from cloche.errors import NotSupported

        raise NotSupported(f"descriptor {fd} can't be waited for on Windows")

else:
    import select

    def readable(fd: int, deadline: float | None) -> bool:
        """Wait until ``fd`` can be read from, has ended, or is in error; False at the deadline."""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        while True:
            if poll.poll(None if deadline is None else 1000 * _left(deadline)):
                return True
            if deadline is not None and not _left(deadline):
                return False


def passed(gate: LockType, deadline: float | None) -> bool:
    """Wait until ``gate`` is released; False at the deadline."""
    while True:
        left = TIMEOUT_MAX if deadline is None else _left(deadline)
        # On Windows in slices, for Ctrl-C does not interrupt it there.
        if gate.acquire(timeout=min(left, 0.2) if sys.platform == "win32" else left):
            return True
        if deadline is not None and not _left(deadline):
            return False


def _left(deadline: float) -> float:
    """Seconds until then, at most a day: system calls count milliseconds in an int."""
    return min(max(0.0, deadline - time.monotonic()), 86_400.0)
