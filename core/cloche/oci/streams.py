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

__all__ = ["CallersStreams", "hand_over", "hand_pidfd", "hand_to_receiver"]

#: Seconds that a receiver gets to take what it is sent.
_PATIENCE = 5


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
    flag = "console-socket"
    try:
        _send(pipes.stdin, b"/dev/ptmx", socket_path, f"--{flag} {socket_path}", flag)
    finally:
        close(pipes)


def hand_pidfd(process: RuntimeProcess, socket_path: str) -> None:
    """Send what tells of a process's end, and takes signals for it, to whoever listens.

    Raises InvalidSpec if nobody does, NotSupported for a runtime without such descriptors.
    """
    flag = "pidfd-socket"
    descriptor = _pidfd(process, f"--{flag}")
    try:
        _send(descriptor, b"pidfd", socket_path, f"--{flag} {socket_path}", flag)
    finally:
        os.close(descriptor)


def hand_to_receiver(process: RuntimeProcess, socket_path: str) -> None:
    """The same for whom a bundle names, with a byte that says nothing; errors as well.

    Source: crun(1), ``run.oci.pidfd_receiver``.
    """
    where = 'annotations["run.oci.pidfd_receiver"]'
    descriptor = _pidfd(process, where)
    try:
        _send(descriptor, b"\0", socket_path, f"{where}: {socket_path}", where, _PATIENCE)
    finally:
        os.close(descriptor)


def _pidfd(process: RuntimeProcess, asked: str) -> int:
    descriptor = process.exit.fileno()
    if descriptor is None:
        raise NotSupported(f"{asked}: this runtime knows no descriptors of processes")
    return descriptor


def _send(
    descriptor: int, word: bytes, socket_path: str, asked: str, path: str, patience: int = 0
) -> None:
    """``patience``: seconds that it may take; 0 for as long as the caller of this program has."""
    import socket
    import struct

    limit = struct.pack("ll", patience, 0)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
            connection.connect(socket_path)
            socket.send_fds(connection, [word], [descriptor])
    except OSError as error:
        raise InvalidSpec(f"{asked}: {error.strerror}", path=path) from error


def close(pipes: Pipes) -> None:
    """Close our ends of a terminal."""
    for descriptor in (pipes.stdin, pipes.stdout):
        if descriptor is not None:
            os.close(descriptor)
