"""Listeners: programs that answer the system calls which a filter hands to them.

Source: runtime-spec, config-linux.md ("Seccomp" and "The Container Process State").
"""

from __future__ import annotations

import errno
import os
import struct
from _socket import AF_UNIX, SO_SNDTIMEO, SOCK_STREAM, SOL_SOCKET, socket
from contextlib import closing

from cloche.errors import TimedOut, Unavailable
from cloche.spec import ContainerProcessState
from cloche.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche_linux.child import Deliver
    from cloche_linux.confinement import Confinement
    from cloche_linux.hooks import Subject

__all__ = ["Listener", "listener_of"]

#: Seconds that a listener gets to take what it is sent.
_PATIENCE = 5
_SCM_RIGHTS = 1
_PATH = "linux.seccomp.listenerPath"


class Listener(Value, kw_only=True):
    """Who answers for one container's filter, and what it is told."""

    path: str
    metadata: str | None
    subject: Subject

    #: Seconds that a process gets to be executed; who answers nothing would hold it for ever.
    limit: float = 10.0

    def told(self, status: str, init: int) -> Deliver:
        """Make what tells it of one process, in a connection of its own.

        ``status`` and ``init`` are the container's. What is made raises Unavailable if nobody takes
        the descriptor in time.
        """
        from cloche.documents.writer import write

        def deliver(descriptor: int, pid: int) -> None:
            told = ContainerProcessState(
                oci_version=self.subject.version,
                fds=("seccompFd",),
                pid=pid,
                metadata=self.metadata,
                state=self.subject.described(status, init),
            )
            try:
                _send(self.path, write(told), descriptor)
            except OSError as error:
                raise self._unavailable(error) from error

        return deliver

    def _unavailable(self, error: OSError) -> Unavailable:
        why = "it takes nothing" if error.errno == errno.EAGAIN else os.strerror(error.errno or 0)
        return Unavailable(
            f"{_PATH}: failed to connect with seccomp agent at {self.path}: {why}",
            remedy="start the program that is to listen there",
            backend="linux",
        )

    def silent(self, container: str, operation: str) -> TimedOut:
        """Make the error for a listener that has taken the descriptor, and answers nothing."""
        return TimedOut(
            f"{_PATH}: the seccomp agent at {self.path} has let nothing be executed in "
            f"{self.limit:g} s",
            operation=operation,
            container=container,
            backend="linux",
        )


def listener_of(confinement: Confinement | None) -> Listener | None:
    """The listener of a container, or None if its filter asks nobody."""
    if confinement is None or confinement.subject is None:
        return None
    seccomp = confinement.seccomp
    assert seccomp is not None
    assert seccomp.listener_path is not None
    return Listener(
        path=seccomp.listener_path,
        metadata=seccomp.listener_metadata,
        subject=confinement.subject,
    )


def _send(path: str, text: bytes, descriptor: int) -> None:
    """Send a text whose first byte brings a descriptor along; raises OSError."""
    patience = struct.pack("ll", _PATIENCE, 0)
    with closing(socket(AF_UNIX, SOCK_STREAM)) as connection:
        connection.setsockopt(SOL_SOCKET, SO_SNDTIMEO, patience)
        connection.connect(path)
        rights = [(SOL_SOCKET, _SCM_RIGHTS, struct.pack("i", descriptor))]
        sent = connection.sendmsg([text], rights)
        if sent < len(text):  # nothing at all can't be sent to who has read all and gone (EPIPE)
            connection.sendall(text[sent:])
