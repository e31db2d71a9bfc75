"""Signals that this program gets while a process runs in the foreground."""

from __future__ import annotations

import signal
from _thread import start_new_thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any, Self

    from cloche import Process

__all__ = ["Forwarding", "send"]

#: Requests to end. The process gets the first, SIGKILL instead of the second; after a third this
#: program no longer waits.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_OTHERS = ("SIGQUIT", "SIGUSR1", "SIGUSR2")
#: What Windows calls the request to end that its consoles make by Ctrl-Break.
_BREAK = "SIGBREAK"


class Forwarding:
    """Passes signals on, while it is entered; what was ignored before stays ignored.

    They are sent by short-lived threads: a handler runs in the middle of whatever the main thread
    does, and must not wait for a lock that it holds.
    """

    def __init__(self) -> None:
        self._process: Process[Any] | None = None
        self._early: list[str] = []
        self._requests = 0
        self._before: list[tuple[int, Any]] = []

    def __enter__(self) -> Self:
        for name in (*_ENDING, *_OTHERS, _BREAK):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before.append((number, signal.signal(number, self._arrived)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)

    def to(self, process: Process[Any]) -> None:
        """Forward to this process from now on, and what has come already."""
        self._process = process
        for name in self._early:
            send(process, name)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name.replace(_BREAK, "SIGTERM")
        if name in _ENDING:
            self._requests += 1
        if self._requests > (1 if self._process is None else 2):
            raise KeyboardInterrupt
        if self._process is None:
            self._early.append(name)
        else:
            again = name in _ENDING and self._requests > 1
            start_new_thread(send, (self._process, "SIGKILL" if again else name))


def send(process: Process[Any], name: str) -> None:
    """Send a signal to a process that may just have ended."""
    from cloche import InvalidState

    try:
        process.kill(name)
    except InvalidState:
        return  # it has ended meanwhile
