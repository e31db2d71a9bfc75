"""Directories on their way out, taken away by a thread that nobody waits for.

On a journalling disk the removal of a container's few directories takes longer than the mounts of
the next one. So they are only put aside at once, by a rename, which is what others see; the rest is
done in the background, before this process ends, or, if it is killed, by whoever comes next.
"""

from __future__ import annotations

import atexit
import os
from queue import Queue
from threading import Lock, Thread

from cloche_linux.trees import remove_tree

__all__ = ["Trash"]


class Trash:
    """A directory of what is to be removed; thread-safe, and safe beside other processes."""

    __slots__ = ("_failed", "_lock", "_pending", "_pid", "_place", "_queue")

    def __init__(self, place: str) -> None:
        self._place = place
        self._lock = Lock()
        self._queue: Queue[str] = Queue()
        self._pending: set[str] = set()
        self._failed: set[str] = set()
        self._pid = 0

    def throw(self, path: str) -> None:
        """Put a directory aside, under its own name; one that is not there is fine.

        What can't be removed later is tried again with the next one, and listed by ``names`` until
        then. Raises OSError.
        """
        aside = os.path.join(self._place, os.path.basename(path))
        try:
            self._rename(path, aside)
            self._begin()
        except FileNotFoundError:
            remove_tree(aside)
            return
        except (OSError, RuntimeError):  # no room to put it aside, or no thread: here and now, then
            remove_tree(path)
            remove_tree(aside)
            return
        for each in (*self._failed, aside):
            self._failed.discard(each)
            self._pending.add(each)
            self._queue.put(each)

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

    def _begin(self) -> None:
        """Start the thread with the first thing to do; a forked child begins anew."""
        with self._lock:
            if self._pid == os.getpid():
                return
            if self._pid:
                self._queue, self._pending = Queue(), set()
            Thread(target=self._work, args=(self._queue,), name="trash", daemon=True).start()
            self._pid = os.getpid()
            atexit.register(self._queue.join)

    def _work(self, queue: Queue[str]) -> None:
        while True:
            aside = queue.get()
            try:
                remove_tree(aside)
            except OSError:
                self._failed.add(aside)
            self._pending.discard(aside)
            queue.task_done()
