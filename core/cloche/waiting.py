"""Wait for the end of a command that ``run`` was asked for, and put together its result."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from cloche.draining import Drain, decoded
from cloche.errors import InvalidSpec, TimedOut
from cloche.exit import ExitStatus, Reason
from cloche.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.request import Asked
    from cloche.runtime import RuntimeProcess
    from cloche.stdio import Streams

__all__ = ["drain_of", "refuse_terminal", "result_of", "until_end"]

#: Seconds that a killed process gets to be gone.
_GRACE = 10.0
_SIGKILL = 9


def refuse_terminal(asked: Asked) -> None:
    """Say that ``run`` has nowhere to show a terminal; nobody would read its output."""
    if asked.tty is not None and not asked.capture_output:
        raise InvalidSpec(
            "tty: run() needs capture_output beside it",
            path="tty",
            hint="start() gives both ends of the terminal",
        )


def drain_of(asked: Asked, streams: Streams) -> Drain:
    """Take over the caller's ends of the streams, to feed and to read."""
    return Drain(streams.near, asked.input, asked.output_limit)


def until_end(
    process: RuntimeProcess, drain: Drain, asked: Asked, kill: Callable[[], None]
) -> ExitStatus:
    """Wait; kill when the time is up, which is a result (reason TIMEOUT) and no error."""
    deadline = None if asked.timeout is None else time.monotonic() + asked.timeout
    try:
        return drain.wait(process.exit, deadline)
    except TimedOut:
        kill()
    with suppress(TimedOut):
        status = drain.wait(process.exit, time.monotonic() + _GRACE)
        return ExitStatus(status.code, status.signal, Reason.TIMEOUT)
    return ExitStatus.killed(_SIGKILL, Reason.TIMEOUT)


def result_of(asked: Asked, status: ExitStatus, drain: Drain) -> Result[Any]:
    """Put together what a finished run leaves behind; CommandFailed if that was asked for."""
    output: list[Any] = [drain.output(1), drain.output(2)]
    if asked.text:
        output = [decoded(stream) for stream in output]
    result: Result[Any] = Result(
        args=asked.args,
        stdout=output[0],
        stderr=output[1],
        status=status,
        truncated=drain.truncated,
    )
    if asked.check:
        result.check_returncode()
    return result
