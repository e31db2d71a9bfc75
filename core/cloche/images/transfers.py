"""Several blobs at once: threads that fetch or send, and whoever waits for one of them."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

    from .digest import Digest
    from .manifest import Descriptor

__all__ = ["Stopped", "Transfers"]

#: What docker and containerd take, too: more would fight for one line.
AT_ONCE = 3
#: Seconds that a thread gets to notice that it is not wanted any more. It ends by itself later.
_PATIENCE = 1.0


class Stopped(Exception):
    """Nobody waits for it any more; raised in the moving threads only."""


class Transfers:
    """Moves blobs, each once, a few at a time and in order; ends its threads at its own end.

    ``move`` is called on threads of its own, and asks ``check`` from time to time.
    """

    def __init__(
        self,
        move: Callable[[Descriptor], object],
        descriptors: Iterable[Descriptor],
        *,
        at_once: int = AT_ONCE,
    ) -> None:
        self._move = move
        self._stop = Event()
        self._done: dict[Digest, Future[None]] = {}
        self._waiting: deque[Descriptor] = deque()
        for descriptor in descriptors:
            if descriptor.digest not in self._done:
                self._done[descriptor.digest] = Future()
                self._waiting.append(descriptor)
        count = min(at_once, len(self._waiting))
        self._threads = [
            Thread(target=self._work, name="cloche-transfer", daemon=True) for _ in range(count)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def wait(self, digest: Digest) -> None:
        """Return when the blob has arrived; raises what kept it from that."""
        self._done[digest].result()

    def check(self) -> None:
        """Raise `Stopped` in a thread that need not go on."""
        if self._stop.is_set():
            raise Stopped

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                descriptor = self._waiting.popleft()
            except IndexError:
                return
            done = self._done[descriptor.digest]
            try:
                self._move(descriptor)
            except BaseException as error:  # noqa: BLE001 - raised again by who waits
                done.set_exception(error)
            else:
                done.set_result(None)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(_PATIENCE if error is not None else None)
