"""A process on this program's own streams: start it, pass signals on, stay until it has ended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

from cloche_cli.errors import OWN_FAILURE, say
from cloche_cli.signals import Forwarding, send

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from cloche import Process, Reason
    from cloche.parameters import ProcessOptions
    from cloche_cli.sections import Streams

    #: Starts the process with these streams.
    Start: TypeAlias = Callable[[ProcessOptions], Process[Any]]
    T = TypeVar("T")

__all__ = ["Ending", "attend", "capture", "explain"]

_TIMED_OUT = 124
_SIGNALLED = 128


class Ending:
    """How a process ended: ``subprocess``'s number (None: nobody knows), and why."""

    def __init__(self, returncode: int | None, reason: Reason) -> None:
        self.returncode = returncode
        self.reason = reason

    @property
    def exit_code(self) -> int:
        """What a shell would call it."""
        if self.reason.value == "timeout":
            return _TIMED_OUT
        if self.returncode is None:
            return OWN_FAILURE
        if self.returncode < 0:
            return _SIGNALLED - self.returncode
        from cloche import ExitStatus

        return ExitStatus(self.returncode).exit_code or 0


def attend(typed: Streams, start: Start) -> Ending:
    """Run a process on our own streams."""
    timeout = _seconds(typed)
    with Forwarding() as signals:
        if typed.tty:
            return _in_terminal(typed, timeout, start, signals)
        with start({"stdin": 0 if typed.interactive else None}) as process:
            signals.to(process)
            return _until_end(process, process.wait, timeout)[1]


def capture(typed: Streams, start: Start) -> tuple[Ending, str, str]:
    """Run a process and keep what it writes: its ending, output and errors."""
    from cloche import PIPE

    timeout = _seconds(typed)
    streams: ProcessOptions = {"stdout": PIPE, "stderr": PIPE}
    streams["stdin"] = 0 if typed.interactive else None
    with Forwarding() as signals, start(streams) as process:
        signals.to(process)
        outputs, ending = _until_end(
            process, lambda seconds: process.communicate(timeout=seconds), timeout
        )
    output, errors = ((captured or b"").decode(errors="replace") for captured in outputs)
    return ending, output, errors


def explain(ending: Ending, subject: str, *, timeout: str | None, memory: str | None) -> None:
    """Say on a line of its own what the exit code alone does not."""
    reason = ending.reason.value
    if reason == "timeout":
        say(f"{subject} timed out after {timeout}")
    elif reason == "oom":
        limit = f" (--memory {memory})" if memory else ""
        say(f"{subject} ran out of memory{limit} and was killed")
    elif ending.returncode is None:
        say(f"{subject} has ended, and nobody could learn how")


def _seconds(typed: Streams) -> float | None:
    """Read the timeout before anything runs."""
    if typed.timeout is None:
        return None
    from cloche.quantities import duration

    return duration("timeout", typed.timeout)


def _in_terminal(
    typed: Streams, timeout: float | None, start: Start, signals: Forwarding
) -> Ending:
    from cloche_cli.terminal import Terminal

    if sys.platform == "win32":
        from cloche_cli.console_relay import Relay
    else:
        from cloche_cli.relay import Relay

    with Terminal(interactive=typed.interactive) as terminal:
        size = terminal.size
        with start({"tty": size}) as process:
            signals.to(process)
            terminal.to(process, size)
            relay = Relay(process, interactive=typed.interactive)
            _, ending = _until_end(process, process.wait, timeout)
            relay.finish()
            return ending


def _until_end(
    process: Process[Any], wait: Callable[[float | None], T], timeout: float | None
) -> tuple[T, Ending]:
    """Wait as told, kill when the time is up, and wait again."""
    from cloche import Reason, TimedOut

    try:
        waited, reason = wait(timeout), None
    except TimedOut:
        send(process, "SIGKILL")
        waited, reason = wait(None), Reason.TIMEOUT
    status = process.status
    return waited, Ending(process.returncode, reason or (status.reason if status else Reason.LOST))
