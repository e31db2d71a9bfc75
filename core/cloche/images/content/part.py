"""A blob in the making: a file that its maker has locked, and that outlives a killed one."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from cloche._disk import lock, open_existing, open_new, replace, sync_directory, unlink

from .layout import write_all

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Part", "is_same"]

_PIECE = 1 << 20


class Part:
    """A locked file that only its holder writes to; whoever else wants it waits."""

    __slots__ = ("_fd", "path", "size")

    def __init__(self, path: str) -> None:
        """Make the file, or take what another has left, when nobody has it any more."""
        self.path = path
        self._fd = _open_locked(path)
        self.size = os.fstat(self._fd).st_size

    def append(self, data: bytes | memoryview) -> None:
        """Add to its end; after an error the file is of no use."""
        write_all(self._fd, data)
        self.size += len(data)

    def content(self) -> Iterator[bytes]:
        """Read it from its beginning to where its end was then."""
        position, end = 0, self.size
        while position < end:
            os.lseek(self._fd, position, os.SEEK_SET)
            data = os.read(self._fd, min(_PIECE, end - position))
            if not data:
                return
            position += len(data)
            yield data

    def empty(self) -> None:
        """Begin anew."""
        os.ftruncate(self._fd, 0)
        self.size = 0

    def become(self, path: str) -> None:
        """Be the file of this name, all at once and for good."""
        os.fsync(self._fd)
        replace(self.path, path)
        sync_directory(os.path.dirname(path))

    def discard(self) -> None:
        """Take the file away."""
        with suppress(FileNotFoundError):
            unlink(self.path)

    def close(self) -> None:
        """Let others have it, who take it up where it ends."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _open_locked(path: str) -> int:
    while True:
        fd = _open(path)
        try:
            lock(fd)
            if is_same(fd, path):
                return fd
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)  # who had it has finished or discarded it


def _open(path: str) -> int:
    while True:
        try:
            return open_new(path)
        except FileExistsError:
            with suppress(FileNotFoundError):
                return open_existing(path)


def is_same(fd: int, path: str) -> bool:
    """Whether the open file still has this name."""
    try:
        return os.path.samestat(os.fstat(fd), os.lstat(path))
    except FileNotFoundError:
        return False
