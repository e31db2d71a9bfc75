"""Backup streams: how Windows writes down all that a file is made of.

A file is a sequence of streams, each a header (WIN32_STREAM_ID) and its data: the content, the
security descriptor, extended attributes, a reparse point, further named contents. Layouts are those
that the documentation of BackupRead and WIN32_STREAM_ID publishes.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, NamedTuple

from cloche.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "CHUNK",
    "METADATA_LIMIT",
    "StreamAttributes",
    "StreamHeader",
    "StreamId",
    "StreamReader",
]

#: The most that is read at once.
CHUNK = 1 << 16
#: The most bytes that a stream may have that must be held in memory whole.
METADATA_LIMIT = 1 << 20

_HEADER = struct.Struct("<IIqI")
_OFFSET = struct.Struct("<q")
_NAME_LIMIT = 1 << 10


class StreamId(IntEnum):
    """What a stream is (dwStreamId)."""

    DATA = 1
    EA_DATA = 2
    SECURITY_DATA = 3
    ALTERNATE_DATA = 4
    LINK = 5
    PROPERTY_DATA = 6
    OBJECT_ID = 7
    REPARSE_DATA = 8
    SPARSE_BLOCK = 9
    TXFS_DATA = 10
    GHOSTED_FILE_EXTENTS = 11


class StreamAttributes(IntFlag):
    """Properties of a stream (dwStreamAttributes)."""

    MODIFIED_WHEN_READ = 1
    CONTAINS_SECURITY = 2
    CONTAINS_PROPERTIES = 4
    SPARSE = 8


class StreamHeader(NamedTuple):
    """The beginning of a stream."""

    id: int
    #: Bytes of data that follow, without the offset of a sparse block.
    size: int
    attributes: int = 0
    #: The name of an alternate stream (``:name:$DATA``); else empty.
    name: str = ""
    #: Where a sparse block belongs in the file.
    offset: int = 0

    def pack(self) -> bytes:
        """Return the header's bytes."""
        name = self.name.encode("utf-16-le", "surrogatepass")
        offset = _OFFSET.pack(self.offset) if self.id == StreamId.SPARSE_BLOCK else b""
        size = self.size + len(offset)
        return _HEADER.pack(self.id, self.attributes, size, len(name)) + name + offset


class StreamReader:
    """Reads the streams of one file, in their order, in bounded memory.

    Iterate over the headers; ``read`` gives the data of the stream that was reached. Data that was
    not read is skipped. Raises ImageError if the source ends early or makes no sense.
    """

    def __init__(self, source: Callable[[int], bytes]) -> None:
        self._source = source
        self._left = 0

    def __iter__(self) -> Iterator[StreamHeader]:
        while (header := self._next()) is not None:
            yield header

    def read(self, limit: int = CHUNK) -> bytes:
        """Read on in the present stream, at most ``limit`` bytes; none at its end."""
        wanted = min(limit, self._left, CHUNK)
        if wanted == 0:
            return b""
        data = self._source(wanted)
        if not data:
            raise ImageError(f"a backup stream ends {self._left} bytes early")
        self._left -= len(data)
        return data

    def read_all(self) -> bytes:
        """Read the rest of the present stream, which must be of a kind that is small."""
        if self._left > METADATA_LIMIT:
            raise ImageError(f"a backup stream of {self._left} bytes is too large to be metadata")
        return self._exactly(self._left)

    def _next(self) -> StreamHeader | None:
        while self.read():
            pass
        first = self._source(_HEADER.size)
        if not first:
            return None
        self._left = _HEADER.size - len(first)
        return self._header(first + self._exactly(self._left))

    def _header(self, packed: bytes) -> StreamHeader:
        kind, attributes, size, length = _HEADER.unpack(packed)
        if length > _NAME_LIMIT or length % 2 or size < 0:
            raise ImageError("a backup stream has a damaged header")
        self._left = length
        name = self._exactly(length).decode("utf-16-le", "surrogatepass")
        offset = self._offset(size) if kind == StreamId.SPARSE_BLOCK else 0
        self._left = size - (_OFFSET.size if kind == StreamId.SPARSE_BLOCK else 0)
        return StreamHeader(kind, self._left, attributes, name, offset)

    def _offset(self, size: int) -> int:
        self._left = _OFFSET.size
        (offset,) = _OFFSET.unpack(self._exactly(_OFFSET.size))
        if size < _OFFSET.size or offset < 0:
            raise ImageError("a backup stream has a damaged sparse block")
        return int(offset)

    def _exactly(self, count: int) -> bytes:
        parts = []
        while count:
            parts.append(self.read(count))
            count -= len(parts[-1])
        return b"".join(parts)
