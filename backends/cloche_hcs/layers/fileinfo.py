"""A file's times and attributes, as the filter driver takes and gives them (FILE_BASIC_INFO)."""

from __future__ import annotations

from enum import IntFlag
from typing import TYPE_CHECKING, NamedTuple

from cloche.errors import ImageError
from cloche_hcs.layers.filetimes import from_pax, to_pax

if TYPE_CHECKING:
    from collections.abc import Mapping
    from tarfile import TarInfo

__all__ = ["BasicInfo", "FileAttribute", "info_of", "pax_of"]


class FileAttribute(IntFlag):
    """Attributes that decide how a file is written down; the driver keeps further ones."""

    DIRECTORY = 0x10
    NORMAL = 0x80
    SPARSE_FILE = 0x200
    REPARSE_POINT = 0x400


class BasicInfo(NamedTuple):
    """Times are in 100 ns since 1601; 0 leaves a time as it comes."""

    creation: int
    access: int
    write: int
    change: int
    attributes: int


def info_of(entry: TarInfo) -> BasicInfo:
    """Read times and attributes of a tar entry; what it does not say follows from what it does."""
    headers = entry.pax_headers
    written = from_pax(headers.get("mtime", str(int(entry.mtime))))
    return BasicInfo(
        creation=_time(headers, "LIBARCHIVE.creationtime", written),
        access=_time(headers, "atime", written),
        write=written,
        change=_time(headers, "ctime", written),
        attributes=_attributes(entry),
    )


def pax_of(info: BasicInfo) -> dict[str, str]:
    """Say times and attributes in pax headers."""
    return {
        "mtime": to_pax(info.write),
        "atime": to_pax(info.access),
        "ctime": to_pax(info.change),
        "LIBARCHIVE.creationtime": to_pax(info.creation),
        "MSWINDOWS.fileattr": str(info.attributes),
    }


def _time(headers: Mapping[str, str], name: str, default: int) -> int:
    return from_pax(headers[name]) if name in headers else default


def _attributes(entry: TarInfo) -> int:
    told = entry.pax_headers.get("MSWINDOWS.fileattr")
    if told is None:
        return _usual_attributes(entry)
    if not (told.isascii() and told.isdecimal() and len(told) <= 10 and int(told) < 1 << 32):
        raise ImageError(f"{entry.name}: not the attributes of a file: {told[:80]!r}")
    return _consistent(entry, int(told))


def _usual_attributes(entry: TarInfo) -> int:
    if entry.issym():
        return FileAttribute.REPARSE_POINT
    return FileAttribute.DIRECTORY if entry.isdir() else FileAttribute.NORMAL


def _consistent(entry: TarInfo, attributes: int) -> int:
    """A directory is one in both words, and so is a link; only links to directories are both."""
    directory = bool(attributes & FileAttribute.DIRECTORY)
    link = bool(attributes & FileAttribute.REPARSE_POINT)
    if link != entry.issym() or (not link and directory != entry.isdir()):
        raise ImageError(f"{entry.name}: its attributes contradict its type: {attributes:#x}")
    return attributes
