"""Ends of containers: those that are asked for, and those that are forced."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from cloche.errors import TimedOut
from cloche.exit import ExitStatus
from cloche.runtime import State

if TYPE_CHECKING:
    from cloche.journal import Header
    from cloche.runtime import RuntimeContainer

__all__ = ["force", "stop"]

_SIGKILL = 9
_SIGTERM = 15
#: Seconds that a killed container gets to be gone.
_GRACE = 10.0


def stop(
    container: RuntimeContainer, header: Header | None, state: State, timeout: float | None
) -> ExitStatus:
    """Ask a container to end, wait, then force it; what was not started yet is not asked.

    ``timeout`` None is its own. Raises TimedOut if it does not even end by force.
    """
    if state is State.PAUSED:
        container.resume()
    init = container.init
    if init is not None and state is not State.CREATED:
        signal = _SIGTERM if header is None else header.stop_signal
        if timeout is None:
            timeout = 10.0 if header is None else header.stop_timeout
        if signal == _SIGTERM:
            container.shutdown()
        else:
            init.kill(signal)
        with suppress(TimedOut):
            return init.exit.wait(timeout)
    return force(container)


def force(container: RuntimeContainer) -> ExitStatus:
    """End all of a container and wait until it has ended."""
    container.terminate()
    if container.init is not None:
        return container.init.exit.wait(_GRACE)
    deadline = time.monotonic() + _GRACE
    while container.state() is not State.STOPPED:  # nothing that could be waited for ever ran
        if time.monotonic() > deadline:
            raise TimedOut("the container does not end", operation="stop")
        time.sleep(0.01)
    return ExitStatus.killed(_SIGKILL)
