"""Endings: how a process ended, and waiting for it.

An ``Exit`` is resolved once and read by any number of waiters, before or after. No thread is parked
for it and nothing polls: who waits, waits for the descriptor in their own thread.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import allocate_lock
from enum import StrEnum

from cloche._blocking import passed, readable
from cloche.errors import InvalidState, TimedOut
from cloche.signals import signal_name, signal_number
from cloche.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _thread import LockType
    from collections.abc import Callable
    from concurrent.futures import Future

    from cloche._loop import Loop

__all__ = ["Exit", "ExitStatus", "Reason"]


class Reason(StrEnum):
    """Why a process ended."""

    #: It ended by itself.
    EXIT = "exit"
    #: A signal ended it.
    SIGNAL = "signal"
    #: It was ended because its time was up.
    TIMEOUT = "timeout"
    #: The kernel ended it for want of memory.
    OOM = "oom"
    #: It has ended, and nobody can tell how any more.
    LOST = "lost"


class ExitStatus(Value):
    """How a process ended; what is not known is None, never invented."""

    #: What it returned; None if a signal ended it.
    code: int | None
    #: Name of the signal that ended it (``SIGKILL``), if one did.
    signal: str | None = None
    reason: Reason = Reason.EXIT

    @classmethod
    def killed(cls, signal: int, reason: Reason = Reason.SIGNAL) -> ExitStatus:
        """Make the status of a process that the signal of this Linux number ended."""
        return cls(None, signal_name(signal), reason)

    @classmethod
    def lost(cls) -> ExitStatus:
        """Make the status of a process of whose end nothing is known."""
        return cls(None, None, Reason.LOST)

    @property
    def returncode(self) -> int | None:
        """What ``subprocess`` says: the code, or the signal's number negated (-9)."""
        return self.code if self.signal is None else -signal_number(self.signal)

    @property
    def exit_code(self) -> int | None:
        """What a shell says: the code, or 128 and the signal's number (137).

        Fit for ``sys.exit``, in the range that this machine's programs have. On Windows that is a
        signed number of 32 bits (0xC000013A is -1073741510, and comes out as it was); elsewhere
        what does not fit into a byte is 255.
        """
        if self.signal is not None:
            return 128 + signal_number(self.signal)
        return None if self.code is None else _as_ours(self.code)


class Exit:
    """The ending of one process, waited for by anyone, cancelled by nobody.

    Made with a descriptor (``of_fd``) or resolved by hand. All methods may be called on any thread,
    also in a child that was forked meanwhile.
    """

    __slots__ = ("_fd", "_futures", "_gates", "_lock", "_outcome", "_read", "_users", "_watcher")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._outcome: ExitStatus | Exception | None = None
        self._fd = -1
        self._read: Callable[[], ExitStatus] | None = None
        #: How many are waiting for the descriptor now; the last one closes it.
        self._users = 0
        #: One locked lock for each waiter of an exit without descriptor.
        self._gates: tuple[LockType, ...] = ()
        self._futures: tuple[Future[ExitStatus], ...] = ()
        #: The process whose reactor waits for the descriptor: after a fork it is another's.
        self._watcher = 0

    @classmethod
    def of_fd(cls, fd: int, read: Callable[[], ExitStatus]) -> Exit:
        """Make an exit that has happened when ``fd`` is readable; takes over ``fd``.

        ``read`` is called once then, by whoever sees it first; what it raises, everybody who asks
        gets. It must not block for long, nor use this exit. ``fd`` stays open while it runs.

        Not for Windows, where who waits gets NotSupported: resolve exits by hand there.
        """
        made = cls()
        made._fd, made._read = fd, read
        return made

    def __repr__(self) -> str:
        return f"<Exit {self._outcome!r}>"

    def __del__(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)

    def resolve(self, status: ExitStatus) -> None:
        """Say how it ended, on any thread; callbacks run on another. Only the first word counts.

        Whoever waits for a descriptor already waits on until that is readable.
        """
        self._settle(status)

    def fail(self, error: Exception) -> None:
        """Say that it will never be known here (the service is gone): all who ask get ``error``."""
        self._settle(error)

    def close(self) -> None:
        """Give up the descriptor: an ending not seen until now can't be asked for here any more.

        Who asks for it then gets InvalidState. Repeatable, never raises; what is known stays known.
        """
        self._ended(deadline=0.0)
        self._settle(InvalidState("this process was released before its end was seen"))

    def poll(self) -> ExitStatus | None:
        """Say how it ended; None if it has not. Raises what ``fail`` was given."""
        return self._result() if self._ended(deadline=0.0) else None

    def wait(self, timeout: float | None = None) -> ExitStatus:
        """Wait in this thread until it has ended, for ``timeout`` seconds at most.

        Raises TimedOut, which ends and cancels nothing, and what ``fail`` was given. Interruptible
        by Ctrl-C.
        """
        if not self._ended(None if timeout is None else time.monotonic() + timeout):
            raise TimedOut(f"not ended after {timeout:g} seconds", operation="wait")
        return self._result()

    @property
    def future(self) -> Future[ExitStatus]:
        """A future of the caller's own: to cancel it harms nobody.

        Its callbacks run on one thread for all exits of this process, which starts with the first
        use and must not be blocked for long.
        """
        from concurrent.futures import Future

        future: Future[ExitStatus] = Future()
        with self._lock:
            if self._outcome is None:
                waiting = (other for other in self._futures if not other.done())
                self._futures = (*waiting, future)
                self._watch()
                return future
        _fulfil(future, self._outcome)
        return future

    def fileno(self) -> int | None:
        """Duplicate the descriptor that is readable at the end, for an event loop; caller closes.

        None if there is none, or none any more: use ``future`` then.
        """
        with self._lock:
            return os.dup(self._fd) if self._fd >= 0 and self._outcome is None else None

    def _result(self) -> ExitStatus:
        assert self._outcome is not None
        if isinstance(self._outcome, Exception):
            raise self._outcome.with_traceback(None)
        return self._outcome

    def _ended(self, deadline: float | None) -> bool:
        if self._outcome is not None:
            return True
        if self._read is not None:
            return self._wait_for_fd(deadline)
        return deadline != 0.0 and self._wait_at_gate(deadline)  # 0: only a look

    def _wait_for_fd(self, deadline: float | None) -> bool:
        with self._lock:
            if self._outcome is not None:
                return True
            self._users += 1
        try:
            if readable(self._fd, deadline):
                self._look()
            return self._outcome is not None
        finally:
            self._leave()

    def _wait_at_gate(self, deadline: float | None) -> bool:
        gate = allocate_lock()
        gate.acquire()
        with self._lock:
            if self._outcome is not None:
                return True
            self._gates = (*self._gates, gate)
        try:
            return passed(gate, deadline)
        finally:
            with self._lock:
                self._gates = tuple(other for other in self._gates if other is not gate)

    def _look(self) -> None:
        """Read how it ended, once, whoever comes first."""
        with self._lock:
            if self._outcome is not None or self._read is None:
                return
            try:
                outcome: ExitStatus | Exception = self._read()
            except Exception as error:  # noqa: BLE001 - told to everybody who asks
                outcome = error
            self._announce(outcome)

    def _settle(self, outcome: ExitStatus | Exception) -> None:
        with self._lock:
            if self._outcome is None:
                self._announce(outcome)

    def _announce(self, outcome: ExitStatus | Exception) -> None:
        self._outcome = outcome
        for gate in self._gates:
            gate.release()
        if self._futures:
            _reactor().post(self._fulfil_all)
        self._close_unused()

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            self._close_unused()

    def _close_unused(self) -> None:
        if self._outcome is not None and not self._users and self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _watch(self) -> None:
        if self._fd < 0 or self._watcher == os.getpid():
            return
        _reactor().when_readable(self._fd, self._look)
        self._users += not self._watcher
        self._watcher = os.getpid()

    def _fulfil_all(self) -> None:
        """On the reactor: tell the futures, and leave the descriptor."""
        with self._lock:
            futures, self._futures = self._futures, ()
            watched, self._watcher = self._watcher, 0
            if watched:
                _reactor().forget(self._fd)
        if watched:
            self._leave()
        assert self._outcome is not None
        for future in futures:
            _fulfil(future, self._outcome)


def _as_ours(code: int) -> int:
    """Make an exit code that this program itself can end with."""
    if sys.platform == "win32":
        return (code + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000
    else:  # noqa: RET505 - of which only one is there
        return code if 0 <= code <= 0xFF else 0xFF


def _fulfil(future: Future[ExitStatus], outcome: ExitStatus | Exception) -> None:
    if not future.set_running_or_notify_cancel():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _reactor() -> Loop:
    from cloche._loop import reactor

    return reactor
