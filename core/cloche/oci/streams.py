"""The streams of a bundle's container: the caller's own, or a terminal that goes to the caller."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os

from cloche.errors import InvalidSpec, NotSupported
from cloche.stdio import Size, Streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from concurrent.futures import Future

    from cloche.runtime import RuntimeProcess
    from cloche.spec import Process
    from cloche.stdio import Pipes

__all__ = ["CallersStreams", "hand_over", "hand_pidfd"]


class CallersStreams(Streams):
    """Descriptors 0 to 2 as they are, or with a terminal none."""

    def __init__(self, process: Process) -> None:
        box = process.console_size
        self.ends = (0, 1, 2)
        if process.terminal:
            self.ends = (None, None, None)
            self.terminal = Size(0, 0) if box is None else Size(box.width, box.height)

    def release_ends(self) -> None:
        """They are the caller's, who keeps them."""

    def drained(self) -> Future[None] | None:
        """Nothing passes through this process."""


def hand_over(pipes: Pipes, socket_path: str) -> None:
    """Send the master of a terminal to whoever listens at a socket, and close ours.

    Raises InvalidSpec if nobody does. Source: runc's docs/terminals.md.
    """
    assert pipes.stdin is not None
    try:
        _send("console-socket", socket_path, b"/dev/ptmx", pipes.stdin)
    finally:
        close(pipes)


def hand_pidfd(process: RuntimeProcess, socket_path: str) -> None:
    """Send what tells of a process's end, and takes signals for it, to whoever listens.

    Raises InvalidSpec if nobody does, NotSupported for a runtime without such descriptors.
    """
    descriptor = process.exit.fileno()
    if descriptor is None:
        raise NotSupported("--pidfd-socket: this runtime knows no descriptors of processes")
    try:
        _send("pidfd-socket", socket_path, b"pidfd", descriptor)
    finally:
        os.close(descriptor)


def _send(flag: str, socket_path: str, name: bytes, descriptor: int) -> None:
    import socket

    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(socket_path)
            socket.send_fds(connection, [name], [descriptor])
    except OSError as error:
        raise InvalidSpec(f"--{flag} {socket_path}: {error.strerror}", path=flag) from error


def close(pipes: Pipes) -> None:
    """Close our ends of a terminal."""
    for descriptor in (pipes.stdin, pipes.stdout):
        if descriptor is not None:
            os.close(descriptor)
