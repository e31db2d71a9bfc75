"""Calls of the service that never return, survived.

A notification's time limit ends no call that hangs inside the DLL. So a call runs on a daemon
thread, while its caller waits for a limited time; a thread whose call hangs is given up and
replaced. The handle that such a call was made with is in quarantine from then on: not used again,
not closed, for the call may still use it.
"""

from __future__ import annotations

import os
import sys
import threading
from _thread import allocate_lock, get_ident, start_new_thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from cloche.errors import InvalidSpec, InvalidState, TimedOut, Unavailable
from cloche_hcs.vmcompute.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TIMEOUT_VARIABLE", "call", "default_timeout", "quarantined"]

TIMEOUT_VARIABLE: Final = "CLOCHE_HCS_TIMEOUT"
_FOUR_MINUTES: Final = 240.0
_IDLE_WORKERS: Final = 8
#: How long the main thread may be deaf to Ctrl-C, in milliseconds.
_DEAF: Final = 100
_A_DAY: Final = 86_400_000

T = TypeVar("T")

_idle: list[_Worker] = []
_workers: dict[int, _Worker] = {}
#: Calls that have not returned in time, nor until now, with their handles.
_quarantine: dict[_Job[Any], int] = {}


def call(
    function: Callable[..., T],
    *args: Any,
    timeout: float | None = None,
    late: Callable[[T], object] | None = None,
) -> T:
    """Call ``function`` on a thread that can be given up, and return or raise what it does.

    Raises TimedOut after ``timeout`` seconds (``default_timeout()`` for None); if the first of
    ``args`` is a number it is taken for the call's handle, and in quarantine until the call returns
    after all. Raises InvalidState for a handle that is in quarantine. Should the call return after
    its caller has gone, by the time limit or by Ctrl-C, ``late`` gets what it returned, on the
    call's thread: the place to close a handle that nobody waits for any more. Calls within a call
    run in its thread.
    """
    if _quarantine:
        _refuse_quarantined(function, args)
    worker = _workers.get(get_ident())
    if worker is not None:
        return worker.carry_on(function, args)
    limit = default_timeout() if timeout is None else timeout
    job = _Job(function, args, late)
    if _take_worker().carry_out(job, limit):
        return job.outcome()
    job.into_quarantine()
    raise TimedOut(
        f"{job.name} has not returned after {limit:g} seconds",
        hint="restart the Host Compute Service: Restart-Service vmcompute",
        operation=job.name,
        backend="hcs",
    )


def _take_worker() -> _Worker:
    try:
        return _idle.pop()
    except IndexError:
        return _Worker()


def quarantined(handle: int) -> bool:
    """Say whether a call with this handle has not returned in time, nor until now."""
    return bool(_quarantine) and handle in list(_quarantine.values())


def default_timeout() -> float:
    """How many seconds a call, and an operation, may take: ``CLOCHE_HCS_TIMEOUT``, or 240.

    Raises InvalidSpec if the variable holds no such number.
    """
    given = os.environ.get(TIMEOUT_VARIABLE)
    if not given:
        return _FOUR_MINUTES
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e6:
        raise InvalidSpec(
            f"{TIMEOUT_VARIABLE} is no number of seconds: {given!r}", path=TIMEOUT_VARIABLE
        )
    return seconds


class _Job(Generic[T]):
    """One call: whoever claims it first says how it ends, its worker or its caller."""

    __slots__ = (
        "_args",
        "_claim",
        "_error",
        "_function",
        "_late",
        "_returned",
        "_value",
        "current",
    )

    _value: T

    def __init__(
        self, function: Callable[..., T], args: tuple[Any, ...], late: Callable[[T], object] | None
    ) -> None:
        self._function, self._args, self._late = function, args, late
        self._error: BaseException | None = None
        self._claim = allocate_lock()
        self._returned = False
        #: The call that is under way in it.
        self.current: Callable[..., object] = function

    @property
    def name(self) -> str:
        return _name(self.current)

    def run(self) -> None:
        try:
            self._value = self._function(*self._args)
        except BaseException as error:  # noqa: BLE001 - it is the caller's
            self._error = error

    def claim(self) -> bool:
        return self._claim.acquire(blocking=False)

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        return self._value

    def into_quarantine(self) -> None:
        """Keep others from its handle, unless it has returned meanwhile."""
        for handle in _handle(self._args):
            _quarantine[self] = handle
        if self._returned:
            _quarantine.pop(self, None)

    def leave(self) -> None:
        """Nobody waits for it any more, and it has returned."""
        self._returned = True
        _quarantine.pop(self, None)
        if self._error is None and self._late is not None:
            self._late(self._value)


class _Worker:
    """A thread that carries out one call after the other, and waits idle in between."""

    __slots__ = ("_job", "_turns")

    _job: _Job[Any]

    def __init__(self) -> None:
        self._turns = Turns()
        try:
            start_new_thread(self._work, ())
        except RuntimeError as error:
            remedy = "the machine has too many threads: end something"
            raise Unavailable(f"no thread for a call: {error}", remedy=remedy) from error

    def carry_out(self, job: _Job[Any], limit: float) -> bool:
        """As the caller: false if it was not done in time, and will never be used again."""
        self._job = job
        try:
            return self._done_within(limit) or not job.claim()
        except BaseException:
            if not job.claim():
                job.leave()
            raise

    def carry_on(self, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        """As the worker: make a call within its call."""
        self._job.current = function
        return function(*args)

    def _done_within(self, limit: float) -> bool:
        """Wait; the main thread looks up now and then, or no Ctrl-C would get through."""
        first = min(int(limit * 1000), _DEAF)
        if self._turns.go(first):
            return True
        done, deadline = False, monotonic() + limit - first / 1000
        while not done and (left := int((deadline - monotonic()) * 1000)) > 0:
            main = threading.current_thread() is threading.main_thread()
            done = self._turns.wait(min(left, _DEAF if main else _A_DAY))
        return done

    def _work(self) -> None:
        _workers[get_ident()] = self
        try:
            self._take_turns()
        finally:
            del _workers[get_ident()]

    def _take_turns(self) -> None:
        self._turns.begin()
        turn = 1
        while self._returned_in_time():
            if len(_idle) >= _IDLE_WORKERS:
                self._turns.end()
                break
            _idle.append(self)
            self._turns.done(turn)
            turn += 1

    def _returned_in_time(self) -> bool:
        job = self._job
        job.run()
        del self._job  # idle, it keeps nothing of the call
        if job.claim():
            return True
        job.leave()
        return False


def _refuse_quarantined(function: Callable[..., object], args: tuple[Any, ...]) -> None:
    if any(map(quarantined, _handle(args))):
        raise InvalidState(
            f"{_name(function)}: an earlier call with this handle has never returned",
            operation=_name(function),
            backend="hcs",
        )


def _handle(args: tuple[Any, ...]) -> tuple[int, ...]:
    return args[:1] if args and isinstance(args[0], int) else ()


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__name__", repr(function))


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_idle.clear)
