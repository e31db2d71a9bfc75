"""Tar files of layers as streams: never sought in, never held in memory."""

from __future__ import annotations

import tarfile
from typing import IO, TYPE_CHECKING, cast

from cloche.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from cloche_hcs.layers.readable import Readable, Writable

__all__ = ["entries", "forget_members", "reader", "writer"]

#: Kinds of entries that describe the next one, and which ``tarfile`` takes into memory.
_META = frozenset({b"x", b"g", b"X", b"L", b"K"})
_META_LIMIT = 8 << 20
_TYPES = frozenset(
    {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE}
)


class _Entry(tarfile.TarInfo):
    """An entry whose description has a limit, in a file that must have an end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        if not buf:  # which tarfile takes for an end, too
            raise ImageError("the tar file ends early")
        entry = super().frombuf(buf, encoding, errors)
        if entry.type in _META and entry.size > _META_LIMIT:
            raise ImageError(f"the tar file describes an entry in {entry.size} bytes")
        return entry


def reader(stream: Readable) -> tarfile.TarFile:
    """Open a tar file, not compressed; ImageError if it is none."""
    try:
        return tarfile.open(
            fileobj=cast("IO[bytes]", stream), mode="r|", tarinfo=_Entry, encoding="utf-8"
        )
    except tarfile.TarError as error:
        raise ImageError(f"not a tar file: {error}") from error


def writer(stream: Writable) -> tarfile.TarFile:
    """Begin a tar file."""
    return tarfile.open(
        fileobj=cast("IO[bytes]", stream),
        mode="w|",
        format=tarfile.PAX_FORMAT,
        encoding="utf-8",
    )


def entries(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield each entry when it is reached; its content can be read until the next one is.

    Raises ImageError for a damaged file, and for kinds of entries that no Windows layer has.
    """
    while (entry := _next(tar)) is not None:
        if entry.type not in _TYPES or entry.issparse():
            raise ImageError(f"{entry.name}: not a kind of file that a Windows layer has")
        yield entry


def _next(tar: tarfile.TarFile) -> tarfile.TarInfo | None:
    try:
        entry = tar.next()
    except tarfile.TarError as error:
        raise ImageError(f"the layer's tar file is damaged: {error}") from error
    forget_members(tar)
    return entry


def forget_members(tar: tarfile.TarFile) -> None:
    """Drop what ``tarfile`` keeps of each entry until the end; a layer may have a million."""
    vars(tar)["members"].clear()
