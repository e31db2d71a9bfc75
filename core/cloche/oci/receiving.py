"""Whoever wants the container's process by a descriptor, as callers of crun ask for it.

Source: crun(1), ``run.oci.pidfd_receiver``.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import struct
from _socket import AF_UNIX, SO_SNDTIMEO, SOCK_STREAM, SOL_SOCKET, socket
from contextlib import closing

from cloche.errors import InvalidSpec

__all__ = ["send_process"]

#: Seconds that the receiver gets to take it.
_PATIENCE = 5
_SCM_RIGHTS = 1


def send_process(pid: int, path: str) -> None:
    """Send a pidfd of a process of ours to the socket at ``path``; InvalidSpec if nobody takes it.

    One byte comes along, which says nothing.
    """
    try:
        process = os.pidfd_open(pid)
    except OSError as error:
        raise _untaken(path, error) from error
    try:
        with closing(socket(AF_UNIX, SOCK_STREAM)) as connection:
            connection.setsockopt(SOL_SOCKET, SO_SNDTIMEO, struct.pack("ll", _PATIENCE, 0))
            connection.connect(path)
            rights = [(SOL_SOCKET, _SCM_RIGHTS, struct.pack("i", process))]
            connection.sendmsg([b"\0"], rights)
    except OSError as error:
        raise _untaken(path, error) from error
    finally:
        os.close(process)


def _untaken(path: str, error: OSError) -> InvalidSpec:
    where = 'annotations["run.oci.pidfd_receiver"]'
    return InvalidSpec(f"{where}: {path}: {error.strerror}", path=where)
