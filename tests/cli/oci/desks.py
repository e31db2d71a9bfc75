"""Sockets of callers, at which descriptors arrive: of terminals and of processes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .conftest import PATIENCE


@contextmanager
def open_desk(path: Path) -> Iterator[socket.socket]:
    """Listens at a path."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        listening.settimeout(PATIENCE)
        yield listening


def arrived(desk: socket.socket) -> int:
    """The one descriptor that somebody sends."""
    connection, _ = desk.accept()
    with connection:
        _, (descriptor,), _, _ = socket.recv_fds(connection, 64, 2)
    return descriptor
