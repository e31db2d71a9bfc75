"""An open handle with its callback: used by calls, and released at a known point, once.

Handles are released by name, never by a finaliser: the callback is unregistered first, then the
handle is closed, when no call uses it any more. A handle in whose call the service has not
answered in time is given up: it is not used again, and not closed while the call goes on.
"""

from __future__ import annotations

import threading
from _thread import allocate_lock
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar, TypeVarTuple

from cloche.errors import ClocheError, InvalidState, TimedOut
from cloche_hcs import pump, vmcompute
from cloche_hcs.calling import call
from cloche_hcs.hresult import LOST, succeeded
from cloche_hcs.translate import failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche_hcs.deadline import Deadline
    from cloche_hcs.notification import Notification
    from cloche_hcs.vmcompute import Answer, CallbackHandle, ProcessHandle, SystemHandle

__all__ = ["PROCESSES", "SYSTEMS", "Attachment", "Verbs"]

H = TypeVar("H", bound=int)
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: Seconds that each step of a release has, however late it is.
_LEAST: Final = 1.0


class Verbs(NamedTuple, Generic[H]):
    """What is done with handles of one kind, whatever they are of."""

    register: Callable[[H, int], Answer[CallbackHandle]]
    unregister: Callable[[CallbackHandle], int]
    close: Callable[[H], int]


SYSTEMS: Final[Verbs[SystemHandle]] = Verbs(
    vmcompute.HcsRegisterComputeSystemCallback,
    vmcompute.HcsUnregisterComputeSystemCallback,
    vmcompute.HcsCloseComputeSystem,
)
PROCESSES: Final[Verbs[ProcessHandle]] = Verbs(
    vmcompute.HcsRegisterProcessCallback,
    vmcompute.HcsUnregisterProcessCallback,
    vmcompute.HcsCloseProcess,
)


class Attachment(Generic[H]):
    """One handle of ours. All methods may be called on any thread but the pump's."""

    __slots__ = (
        "_callback", "_closed", "_container", "_given_up", "_handle", "_held", "_idle", "_key",
        "_lock", "_stuck", "_tell", "_users", "_verbs",
    )  # fmt: skip

    def __init__(
        self, verbs: Verbs[H], handle: H, tell: Callable[[Notification], None], container: str
    ) -> None:
        self._verbs = verbs
        self._handle = handle
        #: On the pump's thread: must not block.
        self._tell = tell
        self._container = container
        self._lock = allocate_lock()
        self._users = 0
        self._idle: threading.Event | None = None
        self._key: int | None = None
        self._callback: CallbackHandle | None = None
        self._closed = False
        #: A call with it has not returned in time; how many such calls are still under way.
        self._given_up = False
        self._stuck = 0
        #: Released while such a call was under way: the last of them closes it.
        self._held = False

    @property
    def usable(self) -> bool:
        """Whether calls can be made with it: neither released nor given up."""
        return not self._closed and not self._given_up

    @property
    def registered(self) -> bool:
        """Whether its notifications are told."""
        return self._callback is not None and not self._closed

    def register(self, deadline: Deadline) -> None:
        """Have its notifications told from now on; raises what the service answers.

        They may come before this returns.
        """
        self._key = pump.subscribe(self._hear)
        answer = self.call(self._verbs.register, self._key, deadline=deadline, late=self._take)
        self._take(answer)
        if self._callback is None:
            name = _name(self._verbs.register)
            raise failure(name, answer.code, answer.result, container=self._container)

    def call(
        self,
        function: Callable[[H, *Ts], T],
        *args: *Ts,
        deadline: Deadline,
        late: Callable[[T], object] | None = None,
    ) -> T:
        """Make one call with the handle; what it answers is not interpreted.

        Raises InvalidState once released, TimedOut if the call has not returned in time: the handle
        is given up then, and ``late`` gets what the call answers in the end.
        """
        with self._lock:
            if not self.usable:
                raise InvalidState(
                    f"{_name(function)}: the handle is closed",
                    operation=_name(function),
                    container=self._container,
                    backend="hcs",
                )
            self._users += 1
        try:
            deadline.check(_name(function), self._container)
            return self._call(function, args, deadline, late)
        finally:
            self._leave()

    def release(self, deadline: Deadline) -> list[ClocheError]:
        """Unregister and close, after the calls that use it; what went wrong is returned.

        One step's failure keeps no other from being done. A handle that was given up is closed when
        the call that had not returned does so after all, and not before. Repeatable.
        """
        with self._lock:
            if self._closed:
                return []
            self._closed = True
            idle = self._idle = threading.Event() if self._users else None
        if idle is not None:
            deadline.sees(idle)
        with self._lock:
            self._held = self._stuck > 0 or self._users > 0
        if self._held:
            self._unsubscribe()
            return []
        return self._end(deadline)

    def _take(self, answer: Answer[CallbackHandle]) -> None:
        if succeeded(answer.code):
            self._callback = answer.value

    def _call(
        self,
        function: Callable[[H, *Ts], T],
        args: tuple[*Ts],
        deadline: Deadline,
        late: Callable[[T], object] | None,
    ) -> T:
        def returned(answer: T) -> None:
            if late is not None:
                late(answer)
            self._come_back()

        try:
            return call(function, self._handle, *args, timeout=deadline.left, late=returned)
        except (TimedOut, KeyboardInterrupt):
            with self._lock:
                self._stuck += 1
                self._given_up = True
            raise

    def _come_back(self) -> None:
        """A call that was not waited for any more has returned; on its thread."""
        with self._lock:
            self._stuck -= 1
            ends = self._last_of_held()
        if ends:
            self._end_now()

    def _end_now(self) -> None:
        """Unregister and close without another thread, and with nobody to tell."""
        if self._callback is not None:
            self._verbs.unregister(self._callback)
        self._verbs.close(self._handle)

    def _end(self, deadline: Deadline) -> list[ClocheError]:
        if self._given_up:
            self._unsubscribe()
            self._end_now()
            return []
        try:
            return call(self._end_in_order, timeout=max(deadline.left, _LEAST))
        except ClocheError as error:  # what comes after a call that hangs is done if that returns
            return [error]
        finally:
            self._unsubscribe()

    def _end_in_order(self) -> list[ClocheError]:
        """Both steps at one go; what went wrong is returned."""
        problems: list[ClocheError] = []
        if self._callback is not None:
            self._try(self._verbs.unregister, self._callback, problems)
        self._try(self._verbs.close, self._handle, problems)
        return problems

    def _try(self, function: Callable[[T], int], handle: T, problems: list[ClocheError]) -> None:
        try:
            code = call(function, handle)
            if code in LOST:
                # The service went in that very call: without it the handle is only ours to close.
                code = call(function, handle)
        except ClocheError as error:
            problems.append(error)
            return
        if not succeeded(code):
            problems.append(failure(_name(function), code, None, container=self._container))

    def _hear(self, notification: Notification) -> None:
        if not self._closed:
            self._tell(notification)

    def _unsubscribe(self) -> None:
        if self._key is not None:
            pump.unsubscribe(self._key)

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users and self._idle is not None:
                self._idle.set()
            ends = self._last_of_held()
        if ends:
            self._end_now()

    def _last_of_held(self) -> bool:
        """Whether it falls to the caller, who has the lock, to close what was released before."""
        ends = self._held and not self._stuck and not self._users
        self._held = self._held and not ends
        return ends


def _name(function: object) -> str:
    return getattr(function, "__name__", repr(function))
