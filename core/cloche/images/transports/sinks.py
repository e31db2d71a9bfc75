"""Where images are written to: an archive, or a directory; and how both appear at once, whole."""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from cloche.errors import AlreadyExists, InvalidSpec
from cloche.machine import refused

from .stream import label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .named import File

__all__ = ["DirectorySink", "Sink", "TarSink", "open_archive"]

_BLOCK = 512
_RECORD = 20 * _BLOCK


class Sink(ABC):
    """Takes files by their names in a layout."""

    @abstractmethod
    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        """Take a file of ``size`` bytes; names are given once."""

    def has(self, name: str) -> bool:
        """Whether the file is there already, so that it need not be given."""
        return False

    def previous(self) -> bytes | None:
        """The index of images that are there already."""
        return None

    @abstractmethod
    def finish(self, index: bytes) -> None:
        """Take the index, which makes the rest an image layout."""


class TarSink(Sink):
    """A tar archive; the same images make the same bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = 0
        self._directories: set[str] = set()

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        self._add_directories(name)
        self._header(name, size)
        for piece in pieces:
            self._write(piece)
        self._write(b"\0" * (-size % _BLOCK))

    def _add_directories(self, name: str) -> None:
        for position, character in enumerate(name):
            above = name[: position + 1]
            if character == "/" and above not in self._directories:
                self._directories.add(above)
                self._header(above, None)

    def _header(self, name: str, size: int | None) -> None:
        from tarfile import DIRTYPE, GNU_FORMAT, TarInfo

        info = TarInfo(name)
        info.mode = 0o644
        if size is None:
            info.type, info.mode = DIRTYPE, 0o755
        info.size = size or 0
        self._write(info.tobuf(GNU_FORMAT))

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:  # a raw file may take less than all
            rest = rest[self._file.write(rest) or 0 :]
        self._size += len(data)

    def finish(self, index: bytes) -> None:
        self.add("index.json", len(index), [index])
        self._write(b"\0" * 2 * _BLOCK)
        self._write(b"\0" * (-self._size % _RECORD))
        self._file.flush()


class DirectorySink(Sink):
    """A directory: a new one, or a layout to which images are added."""

    def __init__(self, path: str) -> None:
        self._path = path
        if os.path.lexists(path) and not os.path.isdir(path):
            raise AlreadyExists(f"{path} is no directory", hint="name another")
        if os.path.isdir(path) and os.listdir(path) and not self.has("oci-layout"):
            raise AlreadyExists(f"{path} is not empty, and no image layout", hint="name another")

    def add(self, name: str, size: int, pieces: Iterable[bytes]) -> None:
        path = os.path.join(self._path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with _appearing(path) as file:
            for piece in pieces:
                file.write(piece)

    def has(self, name: str) -> bool:
        return os.path.lexists(os.path.join(self._path, name))

    def previous(self) -> bytes | None:
        try:
            with open(os.path.join(self._path, "index.json"), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def finish(self, index: bytes) -> None:
        self.add("index.json", len(index), [index])


@contextmanager
def open_archive(file: File) -> Iterator[BinaryIO]:
    """Open what is given by its path, which is there when it is whole, or not at all.

    What is there and no plain file (a pipe, ``/dev/stdout``) is written to as it is.
    """
    if not isinstance(file, (str, os.PathLike)):
        yield file
        return
    path = os.path.abspath(os.fspath(file))
    if os.path.isdir(path):
        raise InvalidSpec(f"{label(file)} is a directory", path="path", hint="name a file in it")
    if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
        with open(path, "wb") as special:
            yield special
    else:
        with _appearing(os.path.realpath(path)) as new:
            yield new


@contextmanager
def _appearing(path: str) -> Iterator[BinaryIO]:
    draft = f"{path}.{os.urandom(4).hex()}~"
    try:
        with open(draft, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException as error:
        with suppress(FileNotFoundError):
            os.unlink(draft)
        if isinstance(error, OSError):
            error.filename = path
            raise refused(error, path) from error
        raise
