"""The relay's loop on Windows: one thread over a completion port.

The thread starts with the first copy and ends with the last; at the interpreter's end it is stopped
and joined.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import atexit
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING

from cloche._win32.ports import Completion, Operation, Port, new_operation

if TYPE_CHECKING:
    from collections.abc import Callable

#: Milliseconds that cancelled operations get to say so when the thread is stopped.
_PATIENCE = 1000


class Loop:
    """Calls back, on a thread of its own, what is posted and operations that have ended.

    Callbacks must neither block nor raise. All methods may be called on any thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        #: It stays, for a file that has a port once never gets another.
        self._port = Port()
        self._users = 0
        self._thread: threading.Thread | None = None
        self._forget_all()
        _loops.add(self)

    def enter(self) -> None:
        """Count a user in: the thread stays until the last one leaves."""
        with self._lock:
            self._users += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def leave(self) -> None:
        """Count a user out."""
        with self._lock:
            self._users -= 1
            if self._thread is not None:
                self._port.wake()

    def post(self, callback: Callable[[], None]) -> None:
        """Call back soon; nobody is called back when the last user has left."""
        with self._lock:
            if self._thread is not None:
                self._posted.append(callback)
                self._port.wake()

    def associate(self, handle: int) -> None:
        """Take the completions of a HANDLE's file; OSError if it has another port, or none."""
        self._port.associate(handle)

    def begin(
        self, start: Callable[[Operation], None], done: Callable[[Operation], None]
    ) -> Operation:
        """Begin an operation, and call ``done`` with it when it has ended; OSError of ``start``."""
        operation = new_operation()
        with self._lock:
            start(operation)
            self._pending[operation.address] = operation, done
        return operation

    def stop(self) -> None:
        """End the thread, whatever is left."""
        with self._lock:
            thread = self._thread
            if thread is None:
                return
            self._stopping = True
            self._port.wake()
        if thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while not self._ended():
            for callback in self._due(self._port.wait()):
                callback()

    def _due(self, completion: Completion | None) -> list[Callable[[], None]]:
        with self._lock:
            due = list(self._posted)
            self._posted.clear()
            ended = self._pending.pop(completion.address, None) if completion else None
            if ended is not None:
                operation, done = ended
                due.append(lambda: done(operation))
            return [] if self._stopping else due

    def _ended(self) -> bool:
        with self._lock:
            if not self._stopping and (self._users or self._posted or self._pending):
                return False
            self._cancel_all()
            self._forget_all()
            return True

    def _cancel_all(self) -> None:
        """The system writes into the memory of operations until their completions have come."""
        for operation, _ in self._pending.values():
            operation.cancel()
        while self._pending and (completion := self._port.wait(_PATIENCE)) is not None:
            self._pending.pop(completion.address, None)

    def _forget_all(self) -> None:
        self._thread = None
        self._stopping = False
        self._pending: dict[int, tuple[Operation, Callable[[Operation], None]]] = {}
        self._posted: deque[Callable[[], None]] = deque()


_loops: weakref.WeakSet[Loop] = weakref.WeakSet()


def _stop_all() -> None:
    for loop in list(_loops):
        loop.stop()


atexit.register(_stop_all)
