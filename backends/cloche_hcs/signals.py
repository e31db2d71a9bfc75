"""Signals in Windows' terms: console events, delivered where they hold up nobody.

The service handles the signals of one system handle one after the other, and some images block in
a signal until their process has ended. So each is delivered in the background, through a system and
a process handle of its own: the handles by which everything else is done, killing above all, are
never behind one.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from cloche_hcs import vmcompute
from cloche_hcs.background import background
from cloche_hcs.hresult import INVALID_STATE, NOT_FOUND, succeeded
from cloche_hcs.translate import failure
from cloche_hcs.vmcompute import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche_hcs.vmcompute import ProcessHandle, SystemHandle

__all__ = ["GONE", "PATIENCE", "ConsoleEvent", "beside", "deliver", "event_of"]

#: Seconds that an immediate refusal gets to be told to the caller.
PATIENCE: Final = 1.0
#: What is answered about a process that has ended, or is about to.
GONE: Final = NOT_FOUND | INVALID_STATE


class ConsoleEvent(StrEnum):
    """What HcsSignalProcess can send (RS5 and later), by the names of the HCS schema."""

    CTRL_C = "CtrlC"
    CTRL_BREAK = "CtrlBreak"
    CTRL_CLOSE = "CtrlClose"
    CTRL_LOG_OFF = "CtrlLogOff"
    CTRL_SHUTDOWN = "CtrlShutdown"

    @property
    def options(self) -> str:
        """The document that asks for it."""
        return json.dumps({"Signal": self.value})


#: By Linux numbers, as everything else in Cloche counts signals: HUP, INT, QUIT, TERM.
_EVENTS: Final = {
    1: ConsoleEvent.CTRL_CLOSE,
    2: ConsoleEvent.CTRL_C,
    3: ConsoleEvent.CTRL_BREAK,
    15: ConsoleEvent.CTRL_SHUTDOWN,
}


def event_of(signal: int) -> ConsoleEvent | None:
    """The event that comes closest to a Linux signal; None if Windows has nothing like it."""
    return _EVENTS.get(signal)


def deliver(container: str, pid: int, event: ConsoleEvent) -> bool:
    """Send an event to a process; False if the process has ended.

    Waits a second at most: what is refused later than that, nobody learns. Raises NotSupported
    where the build has no signals.
    """

    def act(process: ProcessHandle) -> Answer[None]:
        return vmcompute.HcsSignalProcess(process, event.options)

    answer = background.within(PATIENCE, lambda: beside(container, pid, act))
    return answer is None or _accepted("HcsSignalProcess", answer, container)


def beside(container: str, pid: int, act: Callable[[ProcessHandle], Answer[None]]) -> Answer[None]:
    """Do something to a process through handles of its own; the first refusal is the answer.

    Blocks for as long as the service does: to be called in the background.
    """
    system = vmcompute.HcsOpenComputeSystem(container)
    if not succeeded(system.code):
        return Answer(system.code, system.result, None)
    try:
        return _in_system(system.value, pid, act)
    finally:
        vmcompute.HcsCloseComputeSystem(system.value)


def _in_system(
    system: SystemHandle, pid: int, act: Callable[[ProcessHandle], Answer[None]]
) -> Answer[None]:
    process = vmcompute.HcsOpenProcess(system, pid)
    if not succeeded(process.code):
        return Answer(process.code, process.result, None)
    try:
        return act(process.value)
    finally:
        vmcompute.HcsCloseProcess(process.value)


def _accepted(function: str, answer: Answer[None], container: str) -> bool:
    if succeeded(answer.code):
        return True
    if answer.code in GONE:
        return False
    raise failure(function, answer.code, answer.result, container=container)
