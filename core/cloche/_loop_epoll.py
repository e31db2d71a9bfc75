"""The loop of Linux: epoll, one-shot.

Its thread starts with the first work and ends when nothing is left. After a fork the child's copy
is empty; at the interpreter's end the thread is stopped and joined.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import atexit
import os
import select
import signal
import threading
import weakref
from collections import deque
from collections.abc import Callable


class Loop:
    """Calls back, on a thread of its own, when descriptors become ready or something is posted.

    Callbacks must neither block nor raise. Descriptors stay the caller's: ``forget`` one before it
    is closed. All methods may be called on any thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._epoll: select.epoll | None = None
        self._thread: threading.Thread | None = None
        self._forget_all()
        _loops.add(self)

    def when_readable(self, fd: int, callback: Callable[[], None]) -> None:
        """Call back once when ``fd`` can be read from, has ended, or is in error.

        Raises PermissionError for what can't be waited for because it is always ready (a file).
        """
        self._once(fd, select.EPOLLIN, callback)

    def when_writable(self, fd: int, callback: Callable[[], None]) -> None:
        """Call back once when ``fd`` can be written to, else like ``when_readable``."""
        self._once(fd, select.EPOLLOUT, callback)

    def post(self, callback: Callable[[], None]) -> None:
        """Call back soon."""
        with self._lock:
            self._running()
            self._posted.append(callback)
            os.eventfd_write(self._wake, 1)

    def forget(self, fd: int) -> None:
        """Wait for ``fd`` no longer; a callback that is due already still comes."""
        with self._lock:
            self._armed.pop(fd, None)
            if fd in self._known and self._epoll is not None:
                self._epoll.unregister(fd)
            self._known.discard(fd)

    def stop(self) -> None:
        """End the thread, whatever is left; the next work starts another."""
        with self._lock:
            thread = self._thread
            if thread is None:
                return
            self._stopping = True
            os.eventfd_write(self._wake, 1)
        if thread is not threading.current_thread():
            thread.join()

    def _once(self, fd: int, events: int, callback: Callable[[], None]) -> None:
        with self._lock:
            epoll = self._running()
            arm = epoll.modify if fd in self._known else epoll.register
            arm(fd, events | select.EPOLLONESHOT)
            self._known.add(fd)
            self._armed[fd] = callback

    def _running(self) -> select.epoll:
        if self._epoll is None:
            self._epoll = select.epoll()
            self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            self._epoll.register(self._wake, select.EPOLLIN)
        if self._thread is None:
            thread = threading.Thread(
                target=self._run, args=(self._epoll,), name=self._name, daemon=True
            )
            thread.start()
            self._thread = thread
        return self._epoll

    def _run(self, epoll: select.epoll) -> None:
        # Signals are the other threads' business, above all SIGPIPE where it is not ignored.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while not self._ended():
            for callback in self._due(epoll.poll()):
                callback()

    def _due(self, ready: list[tuple[int, int]]) -> list[Callable[[], None]]:
        with self._lock:
            due = list(self._posted)
            self._posted.clear()
            for fd, _ in ready:
                if fd == self._wake:
                    os.eventfd_read(fd)
                elif (callback := self._armed.pop(fd, None)) is not None:
                    due.append(callback)
            return [] if self._stopping else due

    def _ended(self) -> bool:
        with self._lock:
            if not self._stopping and (self._armed or self._posted):
                return False
            self._forget_all()
            return True

    def _forget_all(self) -> None:
        if self._epoll is not None:
            self._epoll.close()
            os.close(self._wake)
        self._epoll = None
        self._wake = -1
        self._thread = None
        self._stopping = False
        self._armed: dict[int, Callable[[], None]] = {}
        self._known: set[int] = set()
        self._posted: deque[Callable[[], None]] = deque()

    def _forked(self) -> None:
        """Begin anew in a forked child: the thread is the parent's, and so is what it waits for."""
        self._lock = threading.Lock()
        self._forget_all()


_loops: weakref.WeakSet[Loop] = weakref.WeakSet()


def _stop_all() -> None:
    for loop in list(_loops):
        loop.stop()


def _fork_all() -> None:
    for loop in list(_loops):
        loop._forked()


atexit.register(_stop_all)
os.register_at_fork(after_in_child=_fork_all)
