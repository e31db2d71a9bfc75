"""From a tar entry to the backup streams of a file.

The format is the one in which Windows layers are published: security descriptors, extended
attributes and links stand in pax headers, alternate streams are entries of their own behind their
file's.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche_hcs.layers import attributes
from cloche_hcs.layers.backupstream import (
    CHUNK,
    METADATA_LIMIT,
    StreamAttributes,
    StreamHeader,
    StreamId,
)
from cloche_hcs.layers.fileinfo import FileAttribute
from cloche_hcs.layers.reparse import ReparsePoint
from cloche_hcs.layers.security import check_descriptor, from_sddl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from tarfile import TarInfo

    from cloche_hcs.layers.fileinfo import BasicInfo

__all__ = ["EA_PREFIX", "alternate_stream", "file_streams"]

#: How the pax headers of extended attributes begin.
EA_PREFIX = "MSWINDOWS.xattr."


def file_streams(entry: TarInfo, info: BasicInfo, read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield the backup streams of a file, directory or link, piece by piece.

    ``read`` gives the content of the tar entry. Raises ImageError for what makes no sense.
    """
    if (descriptor := _descriptor(entry)) is not None:
        yield from _whole(StreamId.SECURITY_DATA, descriptor, StreamAttributes.CONTAINS_SECURITY)
    if extended := _extended(entry):
        yield from _whole(StreamId.EA_DATA, attributes.pack(extended))
    if entry.issym():
        yield from _whole(StreamId.REPARSE_DATA, _reparse_point(entry).pack())
    if entry.isreg():
        sparse = info.attributes & FileAttribute.SPARSE_FILE
        yield from _sparse(entry.size, read) if sparse else _plain(entry.size, read)


def alternate_stream(name: str, entry: TarInfo, read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield the alternate stream of that name, of the file whose streams came before."""
    yield StreamHeader(StreamId.ALTERNATE_DATA, entry.size, name=name).pack()
    yield from _content(entry.size, read)


def _whole(id: StreamId, data: bytes, flags: int = 0) -> Iterator[bytes]:
    yield StreamHeader(id, len(data), flags).pack()
    yield data


def _plain(size: int, read: Callable[[int], bytes]) -> Iterator[bytes]:
    yield StreamHeader(StreamId.DATA, size).pack()
    yield from _content(size, read)


def _content(size: int, read: Callable[[int], bytes]) -> Iterator[bytes]:
    while size:
        piece = read(min(size, CHUNK))
        if not piece:
            raise ImageError("the layer's tar file ends early")
        size -= len(piece)
        yield piece


def _sparse(size: int, read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Leave out what is zero, piece by piece; a last, empty block says where the file ends."""
    yield StreamHeader(StreamId.DATA, 0, StreamAttributes.SPARSE).pack()
    offset = 0
    for piece in _content(size, read):
        if piece.count(0) != len(piece):
            yield StreamHeader(StreamId.SPARSE_BLOCK, len(piece), offset=offset).pack()
            yield piece
        offset += len(piece)
    yield StreamHeader(StreamId.SPARSE_BLOCK, 0, offset=size).pack()


def _descriptor(entry: TarInfo) -> bytes | None:
    headers = entry.pax_headers
    if (raw := headers.get("MSWINDOWS.rawsd")) is not None:
        return check_descriptor(_decode(entry, raw))
    if (text := headers.get("MSWINDOWS.sd")) is not None:
        return check_descriptor(from_sddl(text))
    return None


def _extended(entry: TarInfo) -> dict[str, bytes]:
    return {
        key.removeprefix(EA_PREFIX): _decode(entry, value)
        for key, value in entry.pax_headers.items()
        if key.startswith(EA_PREFIX)
    }


def _reparse_point(entry: TarInfo) -> ReparsePoint:
    mount_point = entry.pax_headers.get("MSWINDOWS.mountpoint") == "1"
    return ReparsePoint(entry.linkname.replace("/", "\\"), mount_point)


def _decode(entry: TarInfo, text: str) -> bytes:
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise ImageError(f"{entry.name}: a pax header is not base64") from None
    if len(data) > METADATA_LIMIT:
        raise ImageError(f"{entry.name}: a pax header of {len(data)} bytes")
    return data
