"""The operations of a system: begun, and waited for."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from cloche.errors import ClocheError, NotFound, TimedOut
from cloche_hcs import vmcompute
from cloche_hcs.calling import call
from cloche_hcs.deadline import Deadline
from cloche_hcs.endings import GRACE
from cloche_hcs.hresult import ALREADY_STOPPED, NOT_FOUND, HResult
from cloche_hcs.notification import NotificationType
from cloche_hcs.operations import Operation
from cloche_hcs.properties import query_for
from cloche_hcs.reconnect import Reconnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche_hcs.presence import Presence
    from cloche_hcs.vmcompute import Answer, SystemHandle

__all__ = [
    "CREATE",
    "PAUSE",
    "PENDING",
    "RESUME",
    "SAVE",
    "SHUTDOWN",
    "START",
    "TERMINATE",
    "ask",
    "end",
    "operate",
    "terminate_beside",
    "terminate_when_back",
]

#: Not an error: a notification will tell.
PENDING: Final = frozenset({HResult.VMCOMPUTE_OPERATION_PENDING, HResult.HCS_E_OPERATION_PENDING})
#: Answers that mean: there is nothing left to end. ERROR_PROC_NOT_FOUND is none of them.
_STOPPED: Final = ALREADY_STOPPED | NOT_FOUND
#: Seconds that one attempt to terminate may take.
_ATTEMPT: Final = 10.0

CREATE: Final = Operation("HcsCreateComputeSystem", NotificationType.SYSTEM_CREATE_COMPLETED)
START: Final = Operation("HcsStartComputeSystem", NotificationType.SYSTEM_START_COMPLETED)
PAUSE: Final = Operation("HcsPauseComputeSystem", NotificationType.SYSTEM_PAUSE_COMPLETED)
RESUME: Final = Operation("HcsResumeComputeSystem", NotificationType.SYSTEM_RESUME_COMPLETED)
SAVE: Final = Operation("HcsSaveComputeSystem", NotificationType.SYSTEM_SAVE_COMPLETED)
SHUTDOWN: Final = Operation(
    "HcsShutdownComputeSystem",
    NotificationType.SYSTEM_EXITED,
    NotificationType.SYSTEM_SHUTDOWN_FAILED,
)
TERMINATE: Final = Operation("HcsTerminateComputeSystem", NotificationType.SYSTEM_EXITED)

_FUNCTIONS: Final[dict[Operation, Callable[[SystemHandle, str], Answer[None]]]] = {
    START: vmcompute.HcsStartComputeSystem,
    PAUSE: vmcompute.HcsPauseComputeSystem,
    RESUME: vmcompute.HcsResumeComputeSystem,
    SAVE: vmcompute.HcsSaveComputeSystem,
    SHUTDOWN: vmcompute.HcsShutdownComputeSystem,
    TERMINATE: vmcompute.HcsTerminateComputeSystem,
}


def operate(here: Presence, operation: Operation, deadline: Deadline) -> None:
    """Begin an operation, and wait until it is done."""
    with here.notices.expect(operation) as done:
        answer = here.call(_FUNCTIONS[operation], "", deadline=deadline)
        if answer.code in PENDING:
            done.wait(deadline, here.id)
        else:
            here.refuse(operation.function, answer)


def ask(here: Presence, operation: Operation, deadline: Deadline) -> bool:
    """Ask for the system's end; whether that is still to be told.

    A system that has stopped is no error.
    """
    try:
        answer = here.call(_FUNCTIONS[operation], "", deadline=deadline)
    except NotFound:  # of a handle that was lost: there is nothing to open again
        here.stopped()
        return False
    if answer.code in _STOPPED:
        here.stopped()
    elif answer.code not in PENDING:
        here.refuse(operation.function, answer)
    return answer.code in PENDING


def end(here: Presence, operation: Operation, deadline: Deadline) -> None:
    """Ask for the system's end, and wait until it is told, or found, to have stopped.

    An answer that says "done" at once is believed after a moment.
    """
    with here.notices.expect(operation) as done:
        pending = ask(here, operation, deadline)
        if here.over:
            return
        try:
            done.wait(deadline if pending else Deadline(min(GRACE, deadline.left)), here.id)
        except TimedOut:
            if pending and not _has_stopped(here):
                raise


def terminate_beside(here: Presence, deadline: Deadline) -> None:
    """Terminate through a handle of its own, whose notifications nobody hears; does not wait."""
    system = here.open_beside(deadline)
    try:
        answer = call(vmcompute.HcsTerminateComputeSystem, system, "", timeout=deadline.left)
        if answer.code not in _STOPPED | PENDING:
            here.refuse(TERMINATE.function, answer)
    finally:
        call(vmcompute.HcsCloseComputeSystem, system, timeout=GRACE)


def terminate_when_back(here: Presence) -> None:
    """Terminate it as soon as a lost service is back, in the background; never blocks."""

    def attempt() -> None:
        with suppress(NotFound):
            terminate_beside(here, Deadline(min(_ATTEMPT, here.timeout)))

    Reconnection(attempt, lambda error: None).begin()


def _has_stopped(here: Presence) -> bool:
    """Ask, when no notification has come."""
    function = vmcompute.HcsGetComputeSystemProperties
    with suppress(ClocheError):
        answer = here.call(function, query_for(), deadline=Deadline(GRACE))
        if answer.code in _STOPPED:
            here.stopped()
    return here.over
