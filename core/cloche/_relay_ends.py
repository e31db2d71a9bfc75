"""Where a copy of the relay comes from and goes to: reading and writing that never block.

A file that others hold, too, keeps its flags: O_NONBLOCK on a terminal that came by inheritance
would break the shell that it came from. So the file is opened anew where that is possible, and
asked for readiness before each call where it is not.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import errno
import fcntl
import os
import select
import socket
import stat
from contextlib import suppress

_CHUNK = 1 << 16
_SPLICED = 1 << 20
#: The number of /dev/ptmx: to open that anew would make another terminal.
_MASTER = os.makedev(5, 2)
_NULL = os.makedev(1, 3)


class Source:
    """What is read; owns its descriptor."""

    def __init__(self, fd: int) -> None:
        self.fd = _unshared(fd, os.O_RDONLY)
        self.is_pipe = stat.S_ISFIFO(os.fstat(self.fd).st_mode)
        self._is_terminal = os.isatty(self.fd)
        self._blocks = os.get_blocking(self.fd)

    def read(self) -> bytes:
        """Read what is there; nothing at the end. Raises BlockingIOError if nothing is there."""
        if self._blocks and not self.is_readable():
            raise BlockingIOError
        try:
            return os.read(self.fd, _CHUNK)
        except OSError as error:
            if error.errno == errno.EIO and self._is_terminal:
                return b""  # a master whose last slave was closed: pty(7)
            raise

    def is_readable(self) -> bool:
        """Say whether a read would return at once."""
        return _is_ready(self.fd, select.POLLIN)

    def close(self) -> None:
        """Close the descriptor; its writer learns of it."""
        os.close(self.fd)


class Sink:
    """What is written to; owns its descriptor."""

    def __init__(self, fd: int) -> None:
        self.fd = _unshared(fd, os.O_WRONLY)
        status = os.fstat(self.fd)
        self._socket = socket.socket(fileno=self.fd) if stat.S_ISSOCK(status.st_mode) else None
        self._blocks = os.get_blocking(self.fd) and not stat.S_ISREG(status.st_mode)
        self._takes_splice = _takes_splice(self.fd, status)

    def write(self, data: memoryview) -> int:
        """Write what goes at once. Raises BlockingIOError, or BrokenPipeError at the end."""
        if self._socket is not None:
            return self._socket.send(data, socket.MSG_DONTWAIT)
        if not self._blocks:
            return os.write(self.fd, data)
        if not _is_ready(self.fd, select.POLLOUT):
            raise BlockingIOError
        return os.write(self.fd, data[: select.PIPE_BUF])

    def takes(self, source: Source) -> bool:
        """Say whether the kernel can move data from ``source`` to here by itself."""
        return source.is_pipe and self._takes_splice

    def splice(self, source: Source) -> int:
        """Move what goes at once; 0 at the end. Raises as ``write`` does, and OSError EINVAL."""
        return os.splice(source.fd, self.fd, _SPLICED, flags=os.SPLICE_F_NONBLOCK)

    def close(self, *, half: bool) -> None:
        """Close the descriptor; ``half``: tell a socket's reader even if others hold it, too."""
        if self._socket is None:
            os.close(self.fd)
            return
        with suppress(OSError):  # its reader may be gone already
            if half:
                self._socket.shutdown(socket.SHUT_WR)
        self._socket.close()


def _unshared(fd: int, mode: int) -> int:
    """Open the file of ``fd`` anew, for us alone and without blocking, or leave it as it is."""
    if not os.get_blocking(fd) or not _can_reopen(fd):
        return fd
    flags = mode | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        ours = os.open(f"/proc/self/fd/{fd}", flags)
    except OSError:  # another user's, or a pipe without reader: the first write will tell
        return fd
    os.close(fd)
    return ours


def _can_reopen(fd: int) -> bool:
    status = os.fstat(fd)
    return stat.S_ISFIFO(status.st_mode) or (os.isatty(fd) and status.st_rdev != _MASTER)


def _takes_splice(fd: int, status: os.stat_result) -> bool:
    if stat.S_ISREG(status.st_mode):
        return not fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND
    return stat.S_ISFIFO(status.st_mode) or status.st_rdev == _NULL


def _is_ready(fd: int, event: int) -> bool:
    poll = select.poll()
    poll.register(fd, event)
    return bool(poll.poll(0))
