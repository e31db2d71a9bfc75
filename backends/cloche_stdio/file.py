"""Files of this machine: read from, written anew or appended to."""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING

from cloche.errors import ClocheError, InvalidSpec, NotFound, Unavailable
from cloche.stdio import StdioDriver
from cloche_stdio.streams import Opened, open_streams

if TYPE_CHECKING:
    from cloche.stdio import StdioRequest, Streams, StreamTarget

_READ = os.O_RDONLY
_WRITE = os.O_WRONLY | os.O_CREAT
#: Windows has neither, and needs the last one.
_PROMPTLY = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_BINARY = getattr(os, "O_BINARY", 0)


class FileDriver(StdioDriver):
    """Opens the files that the targets name, as a shell's ``<``, ``>`` and ``>>`` do.

    A new file's mode is 0666 without the bits of the umask. A FIFO is opened without waiting for
    the other side: to write to one that nobody reads is an error, and one that nobody writes to is
    empty.
    """

    def open(self, request: StdioRequest) -> Streams:
        """Open the files; raises NotFound or Unavailable.

        Two targets with one path are two openings: they write over each other unless both append.
        Does not promise that a file opened before the one that can't be is as it was.
        """
        return open_streams(request, _open)


def _open(number: int, target: StreamTarget) -> Opened:
    if not isinstance(target.argument, str):
        raise InvalidSpec("a file needs a path", path=("stdin", "stdout", "stderr")[number])
    path = target.argument
    try:
        fd = os.open(path, _flags(number, target) | _PROMPTLY | _BINARY, 0o666)
    except OSError as error:
        raise _translated(error, path) from error
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        os.close(fd)
        raise Unavailable(f"{path} is a directory", backend="file", operation="open")
    if sys.platform != "win32":
        os.set_blocking(fd, True)
    return Opened(fd)


def _flags(number: int, target: StreamTarget) -> int:
    if number == 0:
        return _READ
    return _WRITE | (os.O_APPEND if target.append else os.O_TRUNC)


def _translated(error: OSError, path: str) -> ClocheError:
    if isinstance(error, FileNotFoundError):
        directory = os.path.dirname(path) or "."
        return NotFound(
            f"{path} does not exist" if os.path.isdir(directory) else f"no directory {directory}",
            backend="file",
            operation="open",
        )
    if error.errno == errno.ENXIO:
        return Unavailable(f"nobody reads from {path}", backend="file", operation="open")
    return Unavailable(f"{path}: {error.strerror}", backend="file", operation="open")
