"""Errands that nobody waits for: a few daemon threads, which live while there is something to do.

What may block (a call of the service) and what is due later (another attempt, a second look) runs
here, so that neither the thread of the notifications nor a caller is held up. There is no thread
for a container or a process: idle ones end after a moment, and more than one exist only while
errands are blocked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final, TypeVar

from cloche.errors import ClocheError
from cloche_hcs.deadline import Deadline

__all__ = ["Background", "background"]

T = TypeVar("T")

#: As many errands may be blocked at a time; what comes after them waits.
_MOST: Final = 32
#: Seconds after which a thread without work ends.
_IDLE: Final = 2.0


class Background:
    """Runs errands soon or later, each once, in the order they are due as far as threads allow.

    An errand must not raise; one that does ends its thread, loudly, and no other errand.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._errands: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0
        self._threads = 0
        self._idle = 0

    def soon(self, errand: Callable[[], object]) -> None:
        """Run it as soon as a thread is free; never blocks."""
        self.later(0.0, errand)

    def later(self, seconds: float, errand: Callable[[], object]) -> None:
        """Run it in so many seconds; never blocks. There is no taking back."""
        with self._changed:
            self._count += 1
            heappush(self._errands, (time.monotonic() + seconds, self._count, errand))
            self._ensure_thread()

    def within(self, seconds: float, errand: Callable[[], T]) -> T | None:
        """Run it and wait for its result so long; None if it goes on alone then.

        Raises what it raises (a ClocheError) if that came in time; afterwards it is dropped.
        """
        outcome: list[T | ClocheError] = []
        done = threading.Event()

        def told() -> None:
            try:
                outcome.append(errand())
            except ClocheError as error:
                outcome.append(error)
            finally:
                done.set()

        self.soon(told)
        if not Deadline(seconds).sees(done) or not outcome:
            return None
        if isinstance(outcome[0], ClocheError):
            raise outcome[0]
        return outcome[0]

    def _ensure_thread(self) -> None:
        if self._idle:
            self._changed.notify()
        elif self._threads < _MOST:
            self._threads += 1
            self._idle += 1
            threading.Thread(target=self._work, name="cloche-hcs", daemon=True).start()

    def _work(self) -> None:
        while (errand := self._next()) is not None:
            try:
                errand()
            except BaseException:
                with self._changed:
                    self._threads -= 1
                raise
            del errand
            with self._changed:
                self._idle += 1

    def _next(self) -> Callable[[], object] | None:
        """Wait for what is due, as one of the idle threads; None if this one is not needed."""
        with self._changed:
            while (left := self._until_due()) > 0:
                told = self._changed.wait(min(left, _IDLE))
                if not told and self._until_due() > 0 and (self._idle > 1 or not self._errands):
                    self._idle -= 1
                    self._threads -= 1
                    return None
            self._idle -= 1
            errand = heappop(self._errands)[2]
            if self._errands:
                self._ensure_thread()
            return errand

    def _until_due(self) -> float:
        """Seconds until there is something to do; the longest idling if there is nothing."""
        return self._errands[0][0] - time.monotonic() if self._errands else _IDLE


#: The one of this process.
background = Background()
