"""Directories on their way out, taken away by a thread that nobody waits for.

On a journalling disk the removal of a container's few directories takes longer than the mounts of
the next one. So they are only put aside at once, by a rename, which is what others see; the rest is
done in the background, before this process ends, or, if it is killed, by whoever comes next.
"""

from __future__ import annotations

import atexit
import os
from queue import Empty, Queue
from threading import Lock, Thread

from cloche_linux.trees import remove_tree

__all__ = ["Trash"]

#: Seconds for which the thread waits for more.
_IDLE = 1.0


class Trash:
    """A directory of what is to be removed; thread-safe, and safe beside other processes."""

    __slots__ = ("_failed", "_lock", "_pending", "_pid", "_place", "_queue", "_working")

    def __init__(self, place: str) -> None:
        self._place = place
        self._lock = Lock()
        self._queue: Queue[str] = Queue()
        self._pending: set[str] = set()
        self._failed: set[str] = set()
        self._pid = 0
        self._working = False

    def throw(self, path: str) -> None:
        """Put a directory aside, under its own name; one that is not there is fine.

        What can't be removed later is tried again with the next one, and listed by ``names`` until
        then. Raises OSError.
        """
        aside = os.path.join(self._place, os.path.basename(path))
        try:
            self._rename(path, aside)
            self._hand_over(aside)
        except FileNotFoundError:
            if not self._is_coming(aside):
                remove_tree(aside)
        except (OSError, RuntimeError):  # no room to put it aside, or no thread: here and now, then
            remove_tree(path)
            remove_tree(aside)

    def _is_coming(self, aside: str) -> bool:
        """Whether it is about to be removed here, or will be tried again."""
        return aside in self._pending or aside in self._failed

    def names(self) -> list[str]:
        """Name what is put aside and not about to be removed here: of processes that have died."""
        try:
            names = os.listdir(self._place)
        except FileNotFoundError:
            return []
        return [name for name in names if os.path.join(self._place, name) not in self._pending]

    def finish(self) -> None:
        """Wait until all that was thrown is gone."""
        self._queue.join()

    def _rename(self, path: str, aside: str) -> None:
        try:
            os.rename(path, aside)
        except FileNotFoundError:
            if not os.path.lexists(path):
                raise
            os.makedirs(self._place, 0o700, exist_ok=True)
            os.rename(path, aside)

    def _hand_over(self, aside: str) -> None:
        with self._lock:
            self._begin()
            for each in (*self._failed, aside):
                self._failed.discard(each)
                self._pending.add(each)
                self._queue.put(each)

    def _begin(self) -> None:
        """Have a thread, and in a forked child a queue of its own; under the lock."""
        if self._pid != os.getpid():
            self._queue, self._pending, self._working = Queue(), set(), False
            self._pid = os.getpid()
            atexit.register(self._queue.join)
        if not self._working:
            Thread(target=self._work, args=(self._queue,), name="trash", daemon=True).start()
            self._working = True

    def _work(self, queue: Queue[str]) -> None:
        """Remove what comes, and end when nothing has come for a while."""
        while (aside := self._next(queue)) is not None:
            try:
                remove_tree(aside)
            except OSError:
                self._failed.add(aside)
            self._pending.discard(aside)
            queue.task_done()

    def _next(self, queue: Queue[str]) -> str | None:
        try:
            return queue.get(timeout=_IDLE)
        except Empty:
            with self._lock:
                if not queue.empty():
                    return queue.get()
                self._working = False
                return None
