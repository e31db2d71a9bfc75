"""The streams of a bundle's container: the caller's own, or a terminal that goes to the caller."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os

from cloche.errors import InvalidSpec
from cloche.stdio import Size, Streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from concurrent.futures import Future

    from cloche.spec import Process
    from cloche.stdio import Pipes

__all__ = ["CallersStreams", "hand_over"]


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
    import socket

    assert pipes.stdin is not None
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(socket_path)
            name = b"/dev/ptmx"
            socket.send_fds(connection, [name], [pipes.stdin])
    except OSError as error:
        raise InvalidSpec(
            f"--console-socket {socket_path}: {error.strerror}", path="console-socket"
        ) from error
    finally:
        close(pipes)


def close(pipes: Pipes) -> None:
    """Close our ends of a terminal."""
    for descriptor in (pipes.stdin, pipes.stdout):
        if descriptor is not None:
            os.close(descriptor)
