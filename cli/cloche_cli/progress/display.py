"""Events of many threads, shown by one: nobody who downloads waits for a terminal or a pipe."""

from __future__ import annotations

from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Self

    from cloche.images.progress import Progress

__all__ = ["FINISHED", "Display"]

#: Seconds between two looks at what has come.
_TICK = 0.1
#: Stages in which nothing more happens to a blob.
FINISHED = frozenset(["done", "exists", "mounted"])


class Display:
    """Shows nothing; subclasses show something, always in the same thread.

    Of one blob's events in one stage only the last is kept until somebody looks, so however fast
    they come, little is to be shown. Every stage is shown, the last one whatever happens.
    """

    #: Somebody waits for it: that it can't be written is an error. Else there is nobody to tell.
    needed: ClassVar[bool] = False

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[Progress] = []
        self._places: dict[str, int] = {}
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._error: Exception | None = None

    def report(self, event: Progress) -> None:
        """Take an event, in any thread, without waiting."""
        with self._lock:
            place = self._places.get(event.digest)
            if place is not None and self._waiting[place].stage == event.stage:
                self._waiting[place] = event
            else:
                self._places[event.digest] = len(self._waiting)
                self._waiting.append(event)

    def show(self, events: Sequence[Progress]) -> None:
        """Show what has come since the last time, if anything."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        told = self._error
        if told is not None and error is None and (self.needed or not isinstance(told, OSError)):
            raise told

    def _watch(self) -> None:
        try:
            while not self._over.wait(_TICK):
                self.show(self._take())
            self.show(self._take())
        except Exception as error:  # noqa: BLE001 - raised where the display is left
            self._error = error

    def _take(self) -> list[Progress]:
        with self._lock:
            taken, self._waiting, self._places = self._waiting, [], {}
        return taken
