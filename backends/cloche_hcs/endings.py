"""How one process ended: told by a notification, asked of the service once, kept for ever.

The service tells that a process has exited, not how; that is a question of its own, put to it as
soon as there is something to ask, so that the answer outlives handles, system and service. An exit
code is believed only if the process has exited and LastWaitResult is 0.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Final

from cloche.errors import ClocheError
from cloche.exit import Exit, ExitStatus, Reason
from cloche_hcs.background import background
from cloche_hcs.deadline import Deadline
from cloche_hcs.hresult import INVALID_STATE, LOST, NOT_FOUND, HResult, succeeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche_hcs.vmcompute import Answer

__all__ = ["GRACE", "Ending", "status_of"]

#: Seconds that a notification gets to come after something else has said that it is all over.
GRACE: Final = 1.0
#: Seconds that a question under way gets to be answered when the process is released.
_ANSWER: Final = 10.0
#: ERROR_PROCESS_ABORTED: the code of what the service has ended, with its system or alone.
_ABORTED: Final = 1067
#: What the service answers about a process that is no more.
_GONE: Final = NOT_FOUND | INVALID_STATE | {HResult.ERROR_BROKEN_PIPE}


class Ending:
    """The ending of one process; ``ask`` gets its properties from the service.

    ``exit`` is one that is waited for already.
    """

    __slots__ = ("_ask", "_asking", "_told", "exit")

    def __init__(self, ask: Callable[[], Answer[str | None]], exit: Exit | None = None) -> None:
        self.exit = Exit() if exit is None else exit
        self._ask = ask
        self._asking = threading.Lock()
        self._told = False

    @property
    def known(self) -> bool:
        """Whether the exit is settled, one way or the other."""
        try:
            return self.exit.poll() is not None
        except ClocheError:
            return True

    def notified(self, status: int) -> None:
        """Take the notification that it has exited; never blocks.

        A status that is an error means that the service lost sight of the process; only a broken
        pipe, of a container that went first, leaves its code to be asked for.
        """
        if self._told:
            return
        self._told = True
        if succeeded(status) or status == HResult.ERROR_BROKEN_PIPE:
            background.soon(self.look)
        else:
            self.exit.resolve(ExitStatus.lost())

    def suspect(self, *, final: bool = False) -> None:
        """Look again after a moment: something else says that it is over. Never blocks.

        ``final``: nothing can run any more; what can't be learnt then is lost.
        """
        background.later(GRACE, lambda: self.look(final=final))

    def look(self, *, final: bool = False) -> None:
        """Ask now, and settle the exit if there is an answer. Never raises."""
        with self._asking:
            if self.known:
                return
            status = self._learn(over=final or self._told)
            if status is not None:
                self.exit.resolve(status)

    def close(self, *, over: bool = False) -> None:
        """Ask a last time if it has ended (``over``: it must have); what is unknown stays so."""
        if (over or self._told) and not self.known:
            if Deadline(_ANSWER).acquires(self._asking):
                self._asking.release()
                self.look(final=True)
            self.exit.resolve(ExitStatus.lost())
        self.exit.close()

    def _learn(self, *, over: bool) -> ExitStatus | None:
        """None: it runs, or the service is away, and can be asked again."""
        try:
            answer = self._ask()
        except ClocheError:
            return ExitStatus.lost() if over else None
        if answer.code in LOST:
            return None
        status = status_of(answer)
        if status is None and (over or answer.code in _GONE):
            return ExitStatus.lost()
        return status


def status_of(answer: Answer[str | None]) -> ExitStatus | None:
    """Read a process's properties; None unless it has exited.

    Codes are unsigned 32 bits (0xC000013A is Ctrl-C). Source: ProcessStatus of the HCS schema. What
    was ended by force has the code for that and counts as killed, whoever asked for it.
    """
    if not succeeded(answer.code):
        return None
    document = _object(answer.value)
    if document.get("Exited") is not True:
        return None
    code, waited = document.get("ExitCode"), document.get("LastWaitResult", 0)
    if not isinstance(code, int) or waited != 0:
        return ExitStatus.lost()
    if code == _ABORTED:
        return ExitStatus(code, "SIGKILL", Reason.SIGNAL)
    return ExitStatus(code & 0xFFFFFFFF)


def _object(document: str | None) -> dict[str, object]:
    try:
        read: object = json.loads(document or "")
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
