"""A thread for calls that block, each on behalf of somebody who must not."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Worker", "cancel_calls_of"]

_THREAD_TERMINATE = 0x0001
#: Seconds for which a call is asked to give up; one that never does keeps its thread.
_PATIENCE = 2.0


class Worker:
    """Runs calls one after the other on a thread of its own, which starts with the first one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def submit(self, call: Callable[[], None]) -> None:
        """Run ``call``, which must not raise, when those before it are done."""
        self._calls.put(call)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def close(self, last: Callable[[], None]) -> None:
        """Have the call that blocks now give up, then ``last`` run and the thread end.

        Returns at once. Before the first call ``last`` runs in the caller's thread.
        """
        if self._thread is None:
            last()
            return
        self._calls.put(last)
        self._calls.put(None)
        if self._thread is not threading.current_thread():
            threading.Thread(target=self._interrupt, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
        self._ended.set()

    def _interrupt(self) -> None:
        """Ask again and again: the call may not have reached the system yet."""
        assert self._thread is not None
        deadline = time.monotonic() + _PATIENCE
        while not self._ended.wait(0.001) and time.monotonic() < deadline:
            cancel_calls_of(self._thread.native_id or 0)


def cancel_calls_of(thread: int) -> None:
    """Have the read or write that a thread is blocked in fail with ERROR_OPERATION_ABORTED."""
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32")
    kernel.OpenThread.restype = wintypes.HANDLE
    opened: int | None = kernel.OpenThread(_THREAD_TERMINATE, False, thread)
    if opened is not None:
        kernel.CancelSynchronousIo(wintypes.HANDLE(opened))
        kernel.CloseHandle(wintypes.HANDLE(opened))
