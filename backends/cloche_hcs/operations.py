"""Pending results: an operation that the service began, waited for by the right notification.

A call that answers VMCOMPUTE_OPERATION_PENDING is over when its notification comes, or when the
system exits, or the service is lost, or the time is up. Notifications come on the pump's thread:
early (before the call has returned), twice, late, in another order than expected, or never.
Nothing here calls the service.
"""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, Final, NamedTuple

from cloche.errors import TimedOut
from cloche_hcs.hresult import HResult, succeeded
from cloche_hcs.notification import Notification, NotificationType
from cloche_hcs.translate import failure

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from cloche_hcs.deadline import Deadline

__all__ = ["Awaited", "Notices", "Operation"]

#: What ends the waiting for anything else.
_ENDINGS: Final = frozenset({NotificationType.SYSTEM_EXITED, NotificationType.SERVICE_DISCONNECT})

#: What those mean for an operation, where their status does not say.
_MEANINGS: Final[dict[int, HResult]] = {
    NotificationType.SYSTEM_EXITED: HResult.VMCOMPUTE_UNEXPECTED_EXIT,
    NotificationType.SERVICE_DISCONNECT: HResult.HCS_E_SERVICE_DISCONNECT,
}


class Operation(NamedTuple):
    """One kind of operation: the function that begins it, and what tells that it is done."""

    function: str
    done: NotificationType
    #: A notification that tells that it has failed, whatever its status says.
    failed: NotificationType | None = None


class Notices:
    """What one system's callback tells, and who waits for which of it."""

    __slots__ = ("_awaited", "_exited", "_lock")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._awaited: tuple[Awaited, ...] = ()
        self._exited: Notification | None = None

    def expect(self, operation: Operation) -> Awaited:
        """Listen from now on; to be asked for before the call is made, as a context manager."""
        return Awaited(self, operation)

    def tell(self, notification: Notification) -> None:
        """Pass on what came; types that nobody waits for, and unknown ones, are dropped."""
        with self._lock:
            if notification.type == NotificationType.SYSTEM_EXITED and self._exited is None:
                self._exited = notification
            listening = self._awaited
        for awaited in listening:
            awaited.hear(notification)

    def close(self) -> None:
        """Tell everybody who still waits that the handle is closed."""
        self.tell(Notification(NotificationType.SERVICE_DISCONNECT, HResult.ERROR_INVALID_HANDLE))

    def _enter(self, awaited: Awaited) -> None:
        with self._lock:
            self._awaited = (*self._awaited, awaited)
            exited = self._exited
        if exited is not None:
            awaited.hear(exited)

    def _leave(self, awaited: Awaited) -> None:
        with self._lock:
            self._awaited = tuple(other for other in self._awaited if other is not awaited)


class Awaited:
    """The end of one operation of one system. The first word counts, later ones are ignored."""

    __slots__ = ("_gate", "_heard", "_lock", "_notices", "_operation")

    def __init__(self, notices: Notices, operation: Operation) -> None:
        self._notices = notices
        self._operation = operation
        self._lock = allocate_lock()
        self._heard: Notification | None = None
        self._gate = allocate_lock()
        self._gate.acquire()

    def __enter__(self) -> Self:
        self._notices._enter(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._notices._leave(self)

    def hear(self, notification: Notification) -> None:
        """Take what ends the operation; on the pump's thread."""
        operation = self._operation
        if notification.type in (operation.done, operation.failed, *_ENDINGS):
            with self._lock:
                if self._heard is None:
                    self._heard = notification
                    self._gate.release()

    def wait(self, deadline: Deadline, container: str) -> Notification:
        """Wait until it is done, interruptible by Ctrl-C.

        Raises the translated error for a failed status, for a system that exited meanwhile and for
        a lost service; TimedOut when nothing came in time.
        """
        if not deadline.acquires(self._gate):
            raise TimedOut(
                f"{self._operation.function}: the service has not told the end of it"
                f" after {deadline.seconds:g} seconds",
                operation=self._operation.function,
                container=container,
                backend="hcs",
            )
        self._gate.release()
        heard = self._heard
        assert heard is not None
        code = _code_of(heard, self._operation)
        if code is not None:
            raise failure(self._operation.function, code, heard.data, container=container)
        return heard


def _code_of(heard: Notification, operation: Operation) -> int | None:
    """The failure that a notification means for an operation; None if it went well."""
    if heard.type == operation.done:
        # A system's exit is what was waited for also if it crashed or was terminated.
        well = succeeded(heard.status) or heard.type == NotificationType.SYSTEM_EXITED
        return None if well else heard.status
    meaning = _MEANINGS.get(heard.type, HResult.E_FAIL)
    return meaning if succeeded(heard.status) else heard.status
