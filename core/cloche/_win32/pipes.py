"""Named pipes of ours: one end for the relay, the other for who reads or writes plainly."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import _winapi
import os

from cloche._win32.handles import close, descriptor_of, duplicate, handle_of
from cloche._win32.security import private

__all__ = ["from_relay", "relayable", "to_relay"]

#: Of winbase.h.
_ACCESS_OUTBOUND = 2
_REJECT_REMOTE = 8
_SIZE = 1 << 16
#: SECURITY_SQOS_PRESENT and SECURITY_IDENTIFICATION (winbase.h).
_IDENTIFICATION = 0x0010_0000 | 0x0001_0000


def relayable(fd: int) -> int:
    """Duplicate a descriptor into what ``Relay.copy`` takes: a HANDLE."""
    return duplicate(handle_of(fd))


def to_relay() -> tuple[int, int]:
    """Make a pipe: what ``Relay.copy`` reads from, and the descriptor that is written to."""
    ours, theirs = _pair(ours_reads=True)
    return ours, _descriptor(ours, theirs, os.O_WRONLY)


def from_relay() -> tuple[int, int]:
    """Make a pipe: the descriptor that is read from, and what ``Relay.copy`` writes to."""
    ours, theirs = _pair(ours_reads=False)
    return _descriptor(ours, theirs, os.O_RDONLY), ours


def _descriptor(ours: int, theirs: int, flags: int) -> int:
    try:
        return descriptor_of(theirs, flags)
    except BaseException:
        close(ours)
        raise


def _pair(*, ours_reads: bool) -> tuple[int, int]:
    """Make a pipe: an overlapped HANDLE that reads or writes, and a plain one that does the other.

    Its name is random and it has one instance, which the second end takes before anybody knows it.
    """
    name = rf"\\.\pipe\cloche-{os.getpid()}-{os.urandom(16).hex()}"
    way, access = (
        (_winapi.PIPE_ACCESS_INBOUND, _winapi.GENERIC_WRITE)
        if ours_reads
        else (_ACCESS_OUTBOUND, _winapi.GENERIC_READ)
    )
    mode = way | _winapi.FILE_FLAG_OVERLAPPED | _winapi.FILE_FLAG_FIRST_PIPE_INSTANCE
    with private() as security:
        ours = _winapi.CreateNamedPipe(
            name, mode, _REJECT_REMOTE, 1, _SIZE, _SIZE, 0, security.address
        )
    try:
        theirs = _winapi.CreateFile(
            name, access, 0, _winapi.NULL, _winapi.OPEN_EXISTING, _IDENTIFICATION, _winapi.NULL
        )
    except BaseException:
        close(ours)
        raise
    return ours, theirs
