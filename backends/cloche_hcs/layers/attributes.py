"""Extended attributes of files as backup streams hold them (FILE_FULL_EA_INFORMATION)."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from cloche.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["pack", "unpack"]

#: Next entry's distance, flags, length of the name without its NUL, length of the value.
_ENTRY = struct.Struct("<IBBH")
_NAME = re.compile(r"[^\x00-\x1f\x7f-\uffff\\/:*?\"<>|,+=\[\];]{1,254}")


def pack(attributes: Mapping[str, bytes]) -> bytes:
    """Write attributes one after the other, each on a multiple of four bytes; flags are 0."""
    items = list(attributes.items())
    packed = [_entry(name, value) for name, value in items]
    for index, entry in enumerate(packed[:-1]):
        entry += bytes(-len(entry) % 4)
        struct.pack_into("<I", entry, 0, len(entry))
        packed[index] = entry
    return b"".join(packed)


def unpack(data: bytes) -> dict[str, bytes]:
    """Read attributes; their flags are not kept. Raises ImageError for what makes no sense."""
    return dict(_entries(data)) if data else {}


def _entry(name: str, value: bytes) -> bytearray:
    if not _NAME.fullmatch(name) or len(value) > 0xFFFF:
        raise ImageError(f"not an extended attribute: {name!r} with {len(value)} bytes")
    return bytearray(_ENTRY.pack(0, 0, len(name), len(value)) + name.encode() + b"\0" + value)


def _entries(data: bytes) -> Iterator[tuple[str, bytes]]:
    start = 0
    while True:
        distance, name, value = _entry_at(data, start)
        yield name, value
        if not distance:
            return
        start += distance


def _entry_at(data: bytes, start: int) -> tuple[int, str, bytes]:
    try:
        distance, _, name_length, value_length = _ENTRY.unpack_from(data, start)
    except struct.error:
        raise ImageError("extended attributes are cut off") from None
    name_start = start + _ENTRY.size
    value_start = name_start + name_length + 1
    end = value_start + value_length
    name = data[name_start : value_start - 1].decode("latin-1")
    if end > len(data) or not _NAME.fullmatch(name) or (distance and distance < end - start):
        raise ImageError("extended attributes are damaged")
    return distance, name, data[value_start:end]
