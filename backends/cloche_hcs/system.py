"""Compute systems: made, opened, started and ended; every verb waits for what it began.

``ComputeSystem`` promises:

- The callback is registered right after the system is there, before its answer is interpreted.
- A pending operation is over with its own notification, with the system's exit, with the loss of
  the service, or with the time limit (``default_timeout()``, four minutes, if none is given): the
  first of them counts, and everything but success is an error of Cloche's.
- A ``create`` that fails leaves nothing: what may be there is terminated, and the handle closed.
- ``shutdown`` and ``terminate`` ask and return; ``end`` does both and waits. A system that has
  stopped is no error for any of the three.
- ``exited`` is settled by the service's word, once, whatever the status of it, and then kept.
- A lost service is opened again for half a minute, with growing pauses. Until then those who wait
  for exits wait on, and calls wait for it within their limit; afterwards exits fail with the last
  error, and each further call tries once more.
- ``close`` closes processes first, in the order they were made, each callback before its handle;
  whoever still waits for something of the system is told.

Calls, in order: create = HcsCreateComputeSystem, HcsRegisterComputeSystemCallback; open =
HcsOpenComputeSystem, HcsRegisterComputeSystemCallback; create_process = HcsCreateProcess,
HcsRegisterProcessCallback (if that fails: HcsTerminateProcess, HcsCloseProcess); the exit of a
process = HcsGetProcessProperties, once, when its notification has come; end =
HcsShutdownComputeSystem, and HcsTerminateComputeSystem if that failed; close =
HcsUnregisterProcessCallback and HcsCloseProcess for each process,
HcsUnregisterComputeSystemCallback, HcsCloseComputeSystem.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from cloche.errors import CleanupFailed, ClocheError
from cloche.exit import ExitStatus
from cloche_hcs import vmcompute
from cloche_hcs.calling import call, default_timeout
from cloche_hcs.deadline import Deadline
from cloche_hcs.hresult import LOST, succeeded
from cloche_hcs.operating import (
    CREATE,
    PAUSE,
    PENDING,
    RESUME,
    SAVE,
    SHUTDOWN,
    START,
    TERMINATE,
    ask,
    end,
    operate,
    terminate_beside,
    terminate_when_back,
)
from cloche_hcs.presence import Presence
from cloche_hcs.process import ComputeProcess
from cloche_hcs.properties import document_of, query_for
from cloche_hcs.stdio_handles import close_ends, ends_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from cloche.exit import Exit
    from cloche_hcs.properties import PropertyType
    from cloche_hcs.vmcompute import Answer, CreatedProcess, SystemHandle

__all__ = ["ComputeSystem"]

#: Seconds that a system which could not be made completely gets to be gone.
_ABANDON: Final = 10.0


class ComputeSystem:
    """One compute system; made by ``create`` and ``open``.

    Every method may be called on any thread but the pump's. ``timeout`` is in seconds, for all of
    a verb: its call and its notification.
    """

    def __init__(self, id: str, timeout: float | None = None) -> None:
        self.id = id
        self._here = Presence(id, default_timeout() if timeout is None else timeout)

    def __repr__(self) -> str:
        return f"<ComputeSystem {self.id}: {self.exited!r}>"

    @classmethod
    def create(cls, id: str, configuration: str, *, timeout: float | None = None) -> Self:
        """Create a system of a document (schema version 1), and wait until it is there.

        ``timeout`` is for this and, unless they are given one, for all later verbs.
        """
        system = cls(id, timeout)
        system._create(configuration)
        return system

    @classmethod
    def open(cls, id: str, *, timeout: float | None = None) -> Self:
        """Open a system, whoever made it; NotFound if there is none. ``timeout`` as above."""
        system = cls(id, timeout)
        system._here.link.renew(system._deadline())
        return system

    @property
    def exited(self) -> Exit:
        """Settled when the system has exited (there is no code), or LOST if nobody knows how."""
        return self._here.exited

    @property
    def exit_status(self) -> int | None:
        """The HRESULT that its exit came with: VMCOMPUTE_UNEXPECTED_EXIT, 0, …; None before."""
        return self._here.exit_status

    @property
    def over(self) -> bool:
        """Whether the service has said that the system has stopped."""
        return self._here.over

    def start(self, timeout: float | None = None) -> None:
        """Start it, and wait until it runs."""
        operate(self._here, START, self._deadline(timeout))

    def pause(self, timeout: float | None = None) -> None:
        """Stop all its processes where they are, and wait until they stand still."""
        operate(self._here, PAUSE, self._deadline(timeout))

    def resume(self, timeout: float | None = None) -> None:
        """Let them run on, and wait until they do."""
        operate(self._here, RESUME, self._deadline(timeout))

    def save(self, timeout: float | None = None) -> None:
        """Save the state of a virtual machine, and wait until it is saved."""
        operate(self._here, SAVE, self._deadline(timeout))

    def shutdown(self, timeout: float | None = None) -> None:
        """Ask it to shut down; does not wait until it has. One that has stopped is no error.

        Raises what the service refuses at once (InvalidState if it was never started); not what it
        tells later, which ``end`` would hear.
        """
        ask(self._here, SHUTDOWN, self._deadline(timeout))

    def terminate(self, timeout: float | None = None) -> None:
        """End it by force; does not wait until it has ended. One that has stopped is no error."""
        ask(self._here, TERMINATE, self._deadline(timeout))

    def end(self, *, patience: float | None = None, timeout: float | None = None) -> None:
        """Shut it down, terminate it if that fails or takes longer than ``patience``, and wait.

        Neither takes longer than ``timeout``. Raises what terminating raises, TimedOut included.
        """
        limit = self._here.timeout if timeout is None else timeout
        try:
            end(self._here, SHUTDOWN, Deadline(limit if patience is None else min(patience, limit)))
        except ClocheError:
            end(self._here, TERMINATE, self._deadline(timeout))

    def properties(self, *types: PropertyType) -> Mapping[str, Any]:
        """Ask for properties. BackendError if the service answers with no document."""
        function = vmcompute.HcsGetComputeSystemProperties
        answer = self._here.call(function, query_for(*types), deadline=self._deadline())
        return document_of(function.__name__, answer, self.id)

    def modify(self, configuration: Mapping[str, object]) -> None:
        """Change it by a modification document."""
        function = vmcompute.HcsModifyComputeSystem
        answer = self._here.call(function, json.dumps(configuration), deadline=self._deadline())
        self._here.refuse(function.__name__, answer)

    def create_process(
        self,
        parameters: str,
        *,
        terminal: bool = False,
        timeout: float | None = None,
        exit: Exit | None = None,
    ) -> ComputeProcess:
        """Run a process of a document (ProcessParameters); nothing is left of one that fails.

        ``terminal`` is what its pipes say of themselves; ``exit`` is one that is waited for
        already, to be settled by this process's end.
        """
        deadline = self._deadline(timeout)
        function = vmcompute.HcsCreateProcess
        answer = self._here.call(function, parameters, deadline=deadline, late=_undo_process)
        pipes = ends_of(answer.value, terminal=terminal)
        if not succeeded(answer.code):
            close_ends(pipes)
        self._here.refuse(function.__name__, answer)
        process = ComputeProcess(self._here, answer.value.pid, pipes, exit)
        try:
            process.adopt(answer.value.handle, deadline)
        except BaseException:
            process.abandon(Deadline(_ABANDON))
            raise
        self._here.admit(process)
        return process

    def open_process(self, pid: int, timeout: float | None = None) -> ComputeProcess:
        """Open a process by its id. NotFound if there is none, or none any more."""
        deadline = self._deadline(timeout)
        self._here.await_service(deadline)
        process = ComputeProcess(self._here, pid, None)
        try:
            process.adopt(self._here.open_process(pid, deadline), deadline)
        except BaseException:
            process.release(Deadline(_ABANDON))
            raise
        self._here.admit(process)
        # It may have ended before anybody listened.
        process.look()
        return process

    def close(self, timeout: float | None = None) -> None:
        """Release the processes' handles and its own; the system lives on. Repeatable.

        Does all it can, then raises CleanupFailed with what went wrong.
        """
        deadline = self._deadline(timeout)
        problems: list[ClocheError] = []
        for process in self._here.processes():
            problems += process.release(deadline, over=self.over)
        self._here.notices.close()
        problems += self._here.link.release(deadline)
        if self.over:
            self.exited.resolve(ExitStatus(None))
        self.exited.close()
        if problems:
            told = "; ".join(map(str, problems))
            raise CleanupFailed(
                f"{self.id}: handles were not released: {told}",
                problems=problems,
                container=self.id,
                backend="hcs",
            ) from problems[0]

    def _create(self, configuration: str) -> None:
        deadline = self._deadline()
        function = vmcompute.HcsCreateComputeSystem
        with self._here.notices.expect(CREATE) as created:
            answer = call(
                function, self.id, configuration, timeout=deadline.left, late=_undo_system
            )
            if answer.code not in PENDING:
                self._here.refuse(function.__name__, answer)
            try:
                self._here.link.adopt(answer.value, deadline)
                if answer.code in PENDING:
                    created.wait(deadline, self.id)
            except BaseException:
                self._abandon()
                raise

    def _abandon(self) -> None:
        """Leave nothing of a system that could not be made; the first error is the one to tell."""
        try:
            self._terminate_made(Deadline(min(_ABANDON, self._here.timeout)))
        except ClocheError as error:
            if vars(error).get("code") in LOST:
                terminate_when_back(self._here)
        with suppress(ClocheError):
            self.close()

    def _terminate_made(self, deadline: Deadline) -> None:
        """Terminate, and wait where the end would be told."""
        here = self._here
        if here.link.hears and here.link.usable:
            if not here.over:
                end(here, TERMINATE, deadline)
        elif here.link.usable:
            ask(here, TERMINATE, deadline)
        else:
            terminate_beside(here, deadline)

    def _deadline(self, timeout: float | None = None) -> Deadline:
        return Deadline(self._here.timeout if timeout is None else timeout)


def _undo_system(answer: Answer[SystemHandle]) -> None:
    """End what was created after nobody waited for it any more."""
    if answer.code in PENDING or succeeded(answer.code):
        vmcompute.HcsTerminateComputeSystem(answer.value)
        vmcompute.HcsCloseComputeSystem(answer.value)


def _undo_process(answer: Answer[CreatedProcess]) -> None:
    close_ends(ends_of(answer.value))
    if succeeded(answer.code):
        vmcompute.HcsTerminateProcess(answer.value.handle)
        vmcompute.HcsCloseProcess(answer.value.handle)
