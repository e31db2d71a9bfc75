"""Bytes that come in pieces, to be read in other pieces, from wherever they come."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

from cloche.errors import NotFound
from cloche.images.decompression import Limits, decompress
from cloche.images.foreign import excerpt
from cloche.machine import refused

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .named import File

__all__ = [
    "PIECE",
    "Readable",
    "Replayed",
    "Stream",
    "label",
    "open_stream",
    "opened",
    "uncompressed",
]

PIECE = 512 * 1024
#: Archives may be as big as the disk: what is in them has sizes and digests of its own.
_NO_LIMITS = Limits(size=2**63, ratio=0, free=2**63)
_HEAD = 4


class Stream:
    """Pieces, read in order and once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def some(self, most: int) -> memoryview:
        """What comes next, at most so many bytes; none at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._rest = memoryview(piece)
        found, self._rest = self._rest[:most], self._rest[most:]
        return found

    def read(self, size: int) -> bytes:
        """The next so many bytes; fewer at the end only."""
        parts = []
        while size and (found := self.some(size)):
            parts.append(bytes(found))
            size -= len(found)
        return b"".join(parts)

    def drain(self, most: int) -> None:
        """Read on to the end, lest whoever writes it fails; not for ever."""
        while most > 0 and (found := self.some(most)):
            most -= len(found)


class Readable(Protocol):
    """As much of a file as is used of it."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


class Replayed:
    """A file whose first bytes can be read again, as nothing of a pipe can be."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        #: The first bytes, fewer only of a shorter file.
        self.head = b""
        while len(self.head) < _HEAD and (more := file.read(_HEAD - len(self.head))):
            self.head += more
        self._rest = self.head

    def read(self, size: int) -> bytes:
        """At most so many bytes; none at the end."""
        if not self._rest:
            return self._file.read(size)
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def seek(self, _: int) -> None:
        """Go back to the beginning, before more than the first bytes are read."""
        self._rest = self.head


def uncompressed(file: Readable) -> Generator[bytes, None, None]:
    """The bytes of an archive, whether gzip, zstd or plain; it need not be seekable."""
    yield from decompress(cast("BinaryIO", Replayed(file)), 0, _NO_LIMITS)


@contextmanager
def open_stream(file: File) -> Iterator[Stream]:
    """Open an archive to be read once; see `opened` for errors."""
    with opened(file) as raw, closing(uncompressed(raw)) as pieces:
        yield Stream(pieces)


@contextmanager
def opened(file: File) -> Iterator[BinaryIO]:
    """Open what is given by its path. Raises NotFound, and Unavailable for what can't be read."""
    if not isinstance(file, (str, os.PathLike)):
        yield file
        return
    try:
        raw = open(file, "rb")  # noqa: SIM115 - closed below
    except FileNotFoundError as error:
        raise NotFound(f"{label(file)} does not exist") from error
    except OSError as error:
        raise refused(error, label(file)) from error
    with raw:
        yield raw


def label(file: File) -> str:
    """What to call it in a message."""
    name = file if isinstance(file, (str, os.PathLike)) else getattr(file, "name", None)
    return excerpt(os.fspath(name)) if isinstance(name, (str, os.PathLike)) else "the input"
