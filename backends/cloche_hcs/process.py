"""Processes in compute systems: signals, console, input, and how they ended.

``ComputeProcess`` promises:

- ``exit`` is settled once, by the code that the service tells (unsigned 32 bits), or as LOST when
  the process is over and nobody can tell how; any number may wait for it, at any time, also after
  ``close`` if the process had ended by then. If the service is lost and does not come back, those
  who wait get that error.
- No verb waits for the process to do anything; a process that has ended is never an error.
- The pipe ends are this object's until ``hand_over``; ``close`` closes what was not handed over.

Not promised: that a signal has any effect, or that an end is seen which the service never tells
while the system lives on.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cloche.errors import ClocheError, NotFound
from cloche.exit import ExitStatus
from cloche_hcs import vmcompute
from cloche_hcs.attachment import PROCESSES
from cloche_hcs.background import background
from cloche_hcs.deadline import Deadline
from cloche_hcs.endings import Ending
from cloche_hcs.hresult import DENIED, succeeded
from cloche_hcs.link import Link
from cloche_hcs.notification import NotificationType
from cloche_hcs.properties import document_of
from cloche_hcs.signals import GONE, PATIENCE, beside, deliver
from cloche_hcs.stdio_handles import close_ends, ends_of
from cloche_hcs.translate import failure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.exit import Exit
    from cloche.stdio import Pipes
    from cloche_hcs.notification import Notification
    from cloche_hcs.presence import Presence
    from cloche_hcs.signals import ConsoleEvent
    from cloche_hcs.vmcompute import Answer, ProcessHandle

__all__ = ["ComputeProcess"]


class ComputeProcess:
    """One process; made by ``ComputeSystem.create_process`` and ``open_process``.

    Every method may be called on any thread, and again.
    """

    def __init__(
        self, here: Presence, pid: int, pipes: Pipes | None, exit: Exit | None = None
    ) -> None:
        #: The id that the system knows it by.
        self.pid = pid
        self._here = here
        self._pipes = pipes
        self._killing = False
        self._ending = Ending(self._ask, exit)
        self._link: Link[ProcessHandle] = Link(
            PROCESSES,
            here.id,
            reopen=lambda deadline: here.open_process(pid, deadline),
            tell=self._hear,
            lost=here.lost,
        )

    def __repr__(self) -> str:
        return f"<ComputeProcess {self.pid} in {self._here.id}: {self.exit!r}>"

    @property
    def exit(self) -> Exit:
        """Its ending."""
        return self._ending.exit

    @property
    def pipes(self) -> Pipes | None:
        """Our ends of its streams, as long as they are this object's; None if there are none."""
        return self._pipes

    def hand_over(self) -> Pipes | None:
        """Give the pipe ends away: whoever takes them closes them."""
        pipes, self._pipes = self._pipes, None
        return pipes

    def signal(self, event: ConsoleEvent) -> None:
        """Send a console event, in the background and through handles of its own.

        What the service refuses within a second is raised (NotSupported where the build knows no
        signals); what it refuses later, nobody learns.
        """
        if not self._ending.known and not deliver(self._here.id, self.pid, event):
            self._ending.suspect()

    def terminate(self) -> None:
        """End it by force; does not wait. Raises what the service refuses within a second.

        While a kill of this process is held up in the service, another goes through handles of its
        own.
        """
        if self._ending.known:
            return
        kill = self._terminate_beside if self._killing else self._terminate
        answer = background.within(PATIENCE, kill)
        if answer is not None:
            self._take("HcsTerminateProcess", answer)
        self._ending.suspect()

    def resize(self, width: int, height: int) -> None:
        """Tell its console the size in characters."""
        size = {"Height": height, "Width": width}
        self._modify({"Operation": "ConsoleSize", "ConsoleSize": size})

    def close_stdin(self) -> None:
        """End its input: the service is told, pipe or no pipe, and the local end closed.

        Nothing is sent to a process whose end is known.
        """
        try:
            # First, for a process that reads to the end may be gone once the end is closed.
            self._modify({"Operation": "CloseHandle", "CloseHandle": {"Handle": "StdIn"}})
        finally:
            self._close_local_stdin()

    def properties(self) -> Mapping[str, Any]:
        """Ask the service about it: ProcessId, Exited, ExitCode, LastWaitResult.

        Raises BackendError for an answer that is no document.
        """
        return document_of("HcsGetProcessProperties", self._ask(), self._here.id)

    def fresh_pipes(self) -> Pipes | None:
        """Ask for new ends of the streams of a process that was opened; they are the caller's.

        The service gives them once, where it still can; None if it gives none.
        """
        answer = self._link.call(vmcompute.HcsGetProcessInfo, deadline=self._deadline())
        if not succeeded(answer.code):
            close_ends(ends_of(answer.value))
            raise self._failure("HcsGetProcessInfo", answer)
        return ends_of(answer.value)

    def close(self) -> None:
        """Release the handle and what pipe ends are left; the process lives on.

        Waits for the exit code if the process has ended. Raises the first thing that went wrong,
        when all is done.
        """
        problems = self.release(self._deadline())
        if problems:
            raise problems[0]

    # What the system does with it.

    def adopt(self, handle: ProcessHandle, deadline: Deadline) -> None:
        """Take the handle over and hear of the end from now on; raises if registering fails."""
        self._link.adopt(handle, deadline)

    def abandon(self, deadline: Deadline) -> None:
        """Undo its creation as far as possible; raises nothing."""
        with suppress(ClocheError):
            self._link.call(vmcompute.HcsTerminateProcess, deadline=deadline)
        self.vanish()
        self.release(deadline)

    def release(self, deadline: Deadline, *, over: bool = False) -> list[ClocheError]:
        """Close; what went wrong is returned. ``over``: its system has ended, so it has, too."""
        self._ending.close(over=over)
        close_ends(self.hand_over())
        problems = self._link.release(deadline)
        self._here.forget(self)
        return problems

    def renew(self, deadline: Deadline) -> None:
        """Open it again in a service that has come back, and look what became of it."""
        try:
            self._link.renew(deadline)
        except NotFound:
            self.exit.resolve(ExitStatus.lost())
        else:
            self._ending.look()

    def look(self) -> None:
        """Ask whether it has ended already, when that may have been before it was opened."""
        self._ending.look()

    def outlive_system(self) -> None:
        """Its system has ended: wait a moment for the notification, then ask. Never blocks."""
        if not self._ending.known:
            self._ending.suspect(final=True)

    def vanish(self) -> None:
        """It is over, and nobody can tell how."""
        self.exit.resolve(ExitStatus.lost())

    def give_up(self, error: ClocheError) -> None:
        """The service is lost for good: tell those who wait."""
        self.exit.fail(error)

    def _close_local_stdin(self) -> None:
        if self._pipes is not None and self._pipes.stdin is not None:
            close_ends(self._pipes._replace(stdout=None, stderr=None))
            self._pipes = self._pipes._replace(stdin=None)

    def _hear(self, notification: Notification) -> None:
        if notification.type == NotificationType.PROCESS_EXITED:
            self._ending.notified(notification.status)

    def _ask(self) -> Answer[str | None]:
        return self._link.call(vmcompute.HcsGetProcessProperties, deadline=self._deadline())

    def _terminate(self) -> Answer[None]:
        deadline = self._deadline()
        self._here.await_service(deadline)
        self._killing = True
        try:
            return self._link.call(vmcompute.HcsTerminateProcess, deadline=deadline)
        finally:
            self._killing = False

    def _terminate_beside(self) -> Answer[None]:
        return beside(self._here.id, self.pid, vmcompute.HcsTerminateProcess)

    def _modify(self, settings: Mapping[str, object]) -> None:
        if self._ending.known:
            return
        deadline = self._deadline()
        self._here.await_service(deadline)
        document = json.dumps(settings)
        answer = self._link.call(vmcompute.HcsModifyProcess, document, deadline=deadline)
        self._take("HcsModifyProcess", answer)

    def _take(self, function: str, answer: Answer[None]) -> None:
        """Read an answer, in which a process that is no more is no error."""
        if answer.code in GONE:
            self._ending.suspect()
        elif answer.code in DENIED:
            self._ending.look()
            if not self._ending.known:
                raise self._failure(function, answer)
        elif not succeeded(answer.code):
            raise self._failure(function, answer)

    def _failure(self, function: str, answer: Answer[Any]) -> ClocheError:
        return failure(function, answer.code, answer.result, container=self._here.id)

    def _deadline(self) -> Deadline:
        return Deadline(self._here.timeout)
