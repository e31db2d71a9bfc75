"""Asking again: what passes by itself, how long it is waited for, and when it is enough."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.errors import ClocheError

    from .config import Patience

__all__ = ["Attempts", "Transient", "retrying", "seconds_of"]

T = TypeVar("T")


class Transient(Exception):
    """It may work in a while; ``error`` is what to raise when it was tried often enough."""

    def __init__(
        self, error: ClocheError, wait: float | None = None, *, connecting: bool = False
    ) -> None:
        super().__init__(error.message)
        self.error = error
        #: Whether there was no connection at all.
        self.connecting = connecting
        #: Seconds that the registry asked to wait.
        self.wait = wait


class Attempts:
    """Counts failures in a row, and waits after each, longer every time."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._failures = 0

    def failed(self, failure: Transient) -> None:
        """Wait; raises the failure's error when it was the last or asks for too long a wait."""
        self._failures += 1
        wait = self._wait() if failure.wait is None else failure.wait
        if self._failures >= self._patience.attempts or wait > self._patience.longest_wait:
            raise failure.error from failure.__cause__
        time.sleep(wait)

    def progressed(self) -> None:
        """Begin to count anew."""
        self._failures = 0

    def _wait(self) -> float:
        """Full jitter: clients that failed together don't come back together."""
        most = self._patience.back_off * 2 ** (self._failures - 1)
        return random.uniform(most / 2, min(most, self._patience.longest_wait))  # noqa: S311


def retrying(patience: Patience, action: Callable[[], T]) -> T:
    """Do something until it does not fail by a `Transient`."""
    attempts = Attempts(patience)
    while True:
        try:
            return action()
        except Transient as failure:
            attempts.failed(failure)


def seconds_of(retry_after: str | None) -> float | None:
    """Read a ``Retry-After`` header: seconds, or a date; None for anything else."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after[:12])
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
