"""Strings on their way in and out; lone surrogates pass, since Windows' names may have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec
from cloche_hcs._vmcompute import ffi, lib

if TYPE_CHECKING:
    from cloche_hcs._vmcompute import CData

__all__ = ["read", "take", "wide"]

_ENCODING = "utf-16-le"


def wide(text: str, name: str) -> CData:
    """Make a string of the service's out of ours. Raises InvalidSpec for a NUL in it."""
    if "\0" in text:
        raise InvalidSpec(f"{name} has a NUL in it: {text!r}", path=name, backend="hcs")
    units = text.encode(_ENCODING, "surrogatepass") + b"\0\0"
    return ffi.from_buffer("uint16_t[]", units)


def read(pointer: CData, length: int) -> str:
    """Copy that many units of UTF-16."""
    units: bytes = ffi.buffer(pointer, 2 * length)[:]
    return units.decode(_ENCODING, "surrogatepass")


def take(out: CData) -> str | None:
    """Copy the string that came out, and free it at once; None for none."""
    pointer = out[0]
    if pointer == ffi.NULL:
        return None
    try:
        return read(pointer, lib.cloche_length(pointer))
    finally:
        lib.cloche_free(pointer)
