"""The record of one container: a journal to which its owner adds a line before each step."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from cloche._disk import open_existing, open_new, rmdir, unlink
from cloche.documents import write

if TYPE_CHECKING:
    from cloche.journal import Header, Note
    from cloche.spec import Spec

__all__ = ["Record"]

_CREATING = b'{"step":"creating"}\n'
_REMOVING = b'{"step":"removing"}\n'


class Record:
    """The record of one container, open for writing."""

    __slots__ = ("_fd", "_path", "directory", "id", "name")

    def __init__(self, id: str, name: str | None, directory: str, journal: str) -> None:
        self.id = id
        self.name = name
        self.directory = directory
        self._path = os.path.join(directory, journal)
        self._fd = -1

    def create(self, header: Header) -> None:
        """Make the journal, with its first line."""
        self._fd = open_new(self._path)
        _append(self._fd, write(header) + b"\n")

    def creating(self, spec: Spec) -> None:
        """Say that the runtime is about to be asked to create, and of what."""
        _append(self._fd, b'{"spec":' + write(spec) + b"}\n" + _CREATING)

    def note(self, note: Note) -> None:
        """Say what is about to be done, or has happened."""
        if self._fd < 0:
            self._fd = open_existing(self._path)
        _append(self._fd, write(note) + b"\n")

    def removing(self) -> None:
        """Say that from here on the container can only go; a full disk does not keep it."""
        if self._fd < 0:
            self._fd = open_existing(self._path)
        with suppress(OSError):
            _append(self._fd, _REMOVING)

    def close(self) -> None:
        """Keep no descriptor; the next note opens the journal again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def forget(self) -> None:
        """Take away what there is of a record that could not be begun."""
        self.close()
        with suppress(FileNotFoundError):
            unlink(self._path)
        rmdir(self.directory)


def _append(fd: int, line: bytes) -> None:
    """Write all of a line, or nothing and raise OSError."""
    written = os.write(fd, line)
    if written < len(line):
        os.ftruncate(fd, os.fstat(fd).st_size - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
