"""The loop where descriptors can't be waited for (Windows): it runs what is posted."""

from __future__ import annotations

import atexit
import threading
from collections import deque
from collections.abc import Callable


class Loop:
    """Calls back, on a thread of its own, what is posted; see the loop of Linux."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._posted: deque[Callable[[], None]] = deque()
        self._thread: threading.Thread | None = None
        atexit.register(self.stop)

    def when_readable(self, fd: int, callback: Callable[[], None]) -> None:
        """Refuse with PermissionError: nothing can be waited for here."""
        raise PermissionError(f"descriptor {fd} can't be waited for on this platform")

    when_writable = when_readable

    def forget(self, fd: int) -> None:
        """Do nothing: no descriptor is ever waited for."""

    def post(self, callback: Callable[[], None]) -> None:
        """Call back soon."""
        with self._lock:
            self._posted.append(callback)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread, whatever is left."""
        with self._lock:
            thread = self._thread
            self._posted.clear()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self) -> None:
        while (callback := self._next()) is not None:
            callback()

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            if self._posted:
                return self._posted.popleft()
            self._thread = None
            return None
