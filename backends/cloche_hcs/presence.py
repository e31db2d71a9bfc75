"""One compute system as this process knows it: how it is reached, what it told, what is in it.

What the service tells of its own accord is taken in here: that the system has exited, or that the
service has gone, after which all is opened again, or given up.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar, TypeVarTuple

from cloche.errors import NotFound
from cloche.exit import Exit, ExitStatus
from cloche_hcs import vmcompute
from cloche_hcs.attachment import SYSTEMS
from cloche_hcs.background import background
from cloche_hcs.calling import call
from cloche_hcs.deadline import Deadline
from cloche_hcs.endings import GRACE
from cloche_hcs.hresult import succeeded
from cloche_hcs.link import Link
from cloche_hcs.notification import NotificationType
from cloche_hcs.operations import Notices
from cloche_hcs.reconnect import Reconnection
from cloche_hcs.translate import failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.errors import ClocheError
    from cloche_hcs.notification import Notification
    from cloche_hcs.process import ComputeProcess
    from cloche_hcs.vmcompute import Answer, ProcessHandle, SystemHandle

__all__ = ["Presence"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

#: Seconds that one attempt to open everything again may take.
_ATTEMPT: Final = 10.0


class Presence:
    """What the verbs of a system stand on. Methods may be called on any thread."""

    def __init__(self, id: str, timeout: float) -> None:
        self.id = id
        self.timeout = timeout
        self.exited = Exit()
        #: The HRESULT that the exit came with.
        self.exit_status: int | None = None
        #: Whether the service has said that the system has stopped.
        self.over = False
        self.notices = Notices()
        self.link: Link[SystemHandle] = Link(
            SYSTEMS, id, reopen=self.open_beside, tell=self._hear, lost=self.lost
        )
        self._reconnection = Reconnection(self._reconnect, self._give_up)
        self._lock = threading.Lock()
        self._processes: list[ComputeProcess] = []

    def call(
        self,
        function: Callable[[SystemHandle, *Ts], Answer[T]],
        *args: *Ts,
        deadline: Deadline,
        late: Callable[[Answer[T]], object] | None = None,
    ) -> Answer[T]:
        """Make a call with the system's handle; waits while a lost service is tried again."""
        self.await_service(deadline)
        return self.link.call(function, *args, deadline=deadline, late=late)

    def await_service(self, deadline: Deadline) -> None:
        """Wait while a lost service is tried again, for the deadline at most."""
        self._reconnection.wait(deadline)

    def refuse(self, function: str, answer: Answer[Any]) -> None:
        """Raise what an answer means, unless it is success."""
        if not succeeded(answer.code):
            raise failure(function, answer.code, answer.result, container=self.id)

    def lost(self) -> None:
        """The service has gone: open all again. Never blocks."""
        self._reconnection.begin()

    def stopped(self) -> None:
        """It was told that the system has stopped: its exit may be told in a moment, or never."""
        self.over = True
        background.later(GRACE, self._settle)

    def open_beside(self, deadline: Deadline) -> SystemHandle:
        """Open another handle of the system, the caller's to close."""
        function = vmcompute.HcsOpenComputeSystem
        deadline.check(function.__name__, self.id)
        answer = call(function, self.id, timeout=deadline.left, late=_close_system)
        self.refuse(function.__name__, answer)
        return answer.value

    def open_process(self, pid: int, deadline: Deadline) -> ProcessHandle:
        """Open a process by its id; raises what the service answers."""
        function = vmcompute.HcsOpenProcess
        answer = self.link.call(function, pid, deadline=deadline, late=_close_process)
        self.refuse(function.__name__, answer)
        return answer.value

    def admit(self, process: ComputeProcess) -> None:
        """Look after a process from now on."""
        with self._lock:
            self._processes.append(process)
        if self.over:
            process.outlive_system()

    def forget(self, process: ComputeProcess) -> None:
        """Look after it no more."""
        with self._lock:
            self._processes = [other for other in self._processes if other is not process]

    def processes(self) -> list[ComputeProcess]:
        """The processes that are open, in the order they were made."""
        with self._lock:
            return list(self._processes)

    def _hear(self, notification: Notification) -> None:
        if notification.type == NotificationType.SYSTEM_EXITED:
            self.exit_status = notification.status
            self.over = True
            self._settle()
        self.notices.tell(notification)

    def _settle(self) -> None:
        self.exited.resolve(ExitStatus(None))
        for process in self.processes():
            process.outlive_system()

    def _reconnect(self) -> None:
        """One attempt; what was not lost is left alone. Raises while the service is away."""
        deadline = Deadline(min(_ATTEMPT, self.timeout))
        try:
            self.link.renew(deadline)
        except NotFound:
            self._vanish()
            return
        for process in self.processes():
            process.renew(deadline)

    def _vanish(self) -> None:
        """The service is back, and does not know the system any more."""
        self.over = True
        self.exited.resolve(ExitStatus.lost())
        for process in self.processes():
            process.vanish()

    def _give_up(self, error: ClocheError) -> None:
        self.exited.fail(error)
        for process in self.processes():
            process.give_up(error)


def _close_system(answer: Answer[SystemHandle]) -> None:
    if succeeded(answer.code):
        vmcompute.HcsCloseComputeSystem(answer.value)


def _close_process(answer: Answer[ProcessHandle]) -> None:
    if succeeded(answer.code):
        vmcompute.HcsCloseProcess(answer.value)
