"""Further processes in a bundle's container."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
from typing import TYPE_CHECKING

from cloche.errors import NotSupported

from .making import write_pid
from .streams import CallersStreams, hand_over
from .wording import worded

if TYPE_CHECKING:
    from typing import Protocol

    from cloche.runtime import RuntimeContainer, RuntimeProcess
    from cloche.spec import Process
    from cloche.stdio import Streams

    class Preserving(Protocol):
        """A container whose further processes can be given descriptors."""

        def exec(
            self, id: str, process: Process, streams: Streams, *, preserve_fds: tuple[int, ...]
        ) -> RuntimeProcess: ...


__all__ = ["execute"]


def execute(
    container: RuntimeContainer,
    process: Process,
    preserve_fds: tuple[int, ...],
    *,
    console_socket: str | None,
    pid_file: str | None,
) -> RuntimeProcess:
    """Run it; the terminal is sent away, if there is a socket for it, and the pid is written."""
    streams, name = CallersStreams(process), os.urandom(6).hex()
    with worded(process):
        if preserve_fds:
            started = _preserving(container).exec(name, process, streams, preserve_fds=preserve_fds)
        else:
            started = container.exec(name, process, streams)
    if console_socket is not None and started.pipes is not None:
        hand_over(started.pipes, console_socket)
    if pid_file is not None:
        write_pid(pid_file, started.pid or 0)
    return started


def _preserving(container: RuntimeContainer) -> Preserving:
    from inspect import signature

    if "preserve_fds" not in signature(container.exec).parameters:
        raise NotSupported("--preserve-fds: the runtime gives an exec no further descriptors")
    return container  # type: ignore[return-value]
