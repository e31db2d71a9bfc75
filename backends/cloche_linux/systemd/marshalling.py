"""Values as D-Bus writes them: each aligned to its size, by a signature that says what they are.

A variant is a pair of a signature and a value; structs are tuples, dictionaries are dicts.
Source: the D-Bus specification, "Marshaling (Wire Format)".
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Reader", "Writer", "split"]

#: By type: the format of ``struct``, whose size is the alignment too.
_NUMBERS = {
    "y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d",
    "h": "I",
}  # fmt: skip
_ALIGNMENTS = {"s": 4, "o": 4, "g": 1, "v": 1, "a": 4, "(": 8, "{": 8}
#: As the specification limits them: arrays and structs together.
_DEEPEST = 64


def split(signature: str) -> list[str]:
    """Split a signature into its complete types; ValueError if it is none."""
    found, rest = list[str](), signature
    while rest:
        length = _length(rest)
        found.append(rest[:length])
        rest = rest[length:]
    return found


def _length(signature: str, depth: int = 0) -> int:
    first = signature[:1]
    if depth > _DEEPEST:
        raise ValueError(f"a signature that is nested too deeply: {signature!r}")
    if first in _NUMBERS or first in ("s", "o", "g", "v"):
        return 1
    if first == "a":
        return 1 + _length(signature[1:], depth + 1)
    if first in ("(", "{"):
        return _bracket(signature, ")" if first == "(" else "}", depth)
    raise ValueError(f"not a signature: {signature!r}")


def _bracket(signature: str, end: str, depth: int) -> int:
    place = 1
    while signature[place : place + 1] != end:
        place += _length(signature[place:], depth + 1)
    if place == 1:
        raise ValueError(f"a struct without fields: {signature!r}")
    return place + 1


def _alignment(kind: str) -> int:
    first = kind[0]
    return struct.calcsize(_NUMBERS[first]) if first in _NUMBERS else _ALIGNMENTS[first]


class Writer:
    """Bytes in the making, little-endian."""

    def __init__(self) -> None:
        self.data = bytearray()

    def values(self, signature: str, values: Sequence[object]) -> None:
        """Append values; raises ValueError or struct.error for what the signature does not fit."""
        for kind, value in zip(split(signature), values, strict=True):
            self.value(kind, value)

    def value(self, kind: str, value: object) -> None:
        """Append one value of one complete type."""
        self.align(_alignment(kind))
        first = kind[0]
        if first in _NUMBERS:
            self.data += struct.pack(f"<{_NUMBERS[first]}", value)
        elif first in ("s", "o"):
            text = cast("str", value).encode()
            self.data += struct.pack("<I", len(text)) + text + b"\0"
        elif first == "g":
            text = cast("str", value).encode()
            self.data += bytes([len(text)]) + text + b"\0"
        elif first == "v":
            inner, content = cast("tuple[str, object]", value)
            self.value("g", inner)
            self.value(inner, content)
        elif first == "a":
            self._array(kind[1:], value)
        else:
            self.values(kind[1:-1], cast("Sequence[object]", value))

    def _array(self, kind: str, value: object) -> None:
        """The length counts neither itself nor the padding before the first element."""
        place = len(self.data)
        self.data += b"\0\0\0\0"
        self.align(_alignment(kind))
        start = len(self.data)
        items = value.items() if isinstance(value, dict) else cast("Iterable[object]", value)
        for item in items:
            self.value(kind, item)
        self.data[place : place + 4] = struct.pack("<I", len(self.data) - start)

    def align(self, size: int) -> None:
        """Pad with zeros up to a multiple of ``size``."""
        self.data += bytes(-len(self.data) % size)


class Reader:
    """Bytes that somebody else wrote, in the order (``<`` or ``>``) that they say."""

    def __init__(self, data: bytes, order: str = "<", place: int = 0) -> None:
        self._data = data
        self._order = order
        self.place = place

    def values(self, signature: str) -> list[object]:
        """Read values; raises ValueError for what is cut short or malformed."""
        return [self.value(kind) for kind in split(signature)]

    def value(self, kind: str, depth: int = 0) -> object:
        """Read one value of one complete type."""
        if depth > _DEEPEST:
            raise ValueError("a message that is nested too deeply")
        self.align(_alignment(kind))
        first = kind[0]
        if first in _NUMBERS:
            return self._number(first)
        if first in ("s", "o"):
            return self._text(cast("int", self._number("u")))
        if first == "g":
            return self._text(cast("int", self._number("y")))
        if first == "v":
            (inner,) = split(cast("str", self.value("g")))
            return inner, self.value(inner, depth + 1)
        if first == "a":
            return self._array(kind[1:], depth)
        return tuple(self.value(each, depth + 1) for each in split(kind[1:-1]))

    def _array(self, kind: str, depth: int) -> object:
        length = cast("int", self._number("u"))
        self.align(_alignment(kind))
        end = self.place + length
        items: list[object] = []
        while self.place < end:
            items.append(self.value(kind, depth + 1))
        if self.place != end:
            raise ValueError("an array that ends within an element")
        return dict(cast("list[tuple[object, object]]", items)) if kind[0] == "{" else items

    def _number(self, kind: str) -> object:
        found = struct.unpack(self._order + _NUMBERS[kind], self._take(_alignment(kind)))[0]
        return bool(found) if kind == "b" else found

    def _text(self, length: int) -> str:
        return self._take(length + 1)[:-1].decode(errors="replace")

    def _take(self, size: int) -> bytes:
        found = self._data[self.place : self.place + size]
        if len(found) != size:
            raise ValueError("a message that is cut short")
        self.place += size
        return found

    def align(self, size: int) -> None:
        """Go on at the next multiple of ``size``."""
        self.place += -self.place % size
