"""Read tar archives from a stream, whoever made them (POSIX pax, GNU, ustar).

The standard library's reader takes into memory whatever an extended header says it holds, and
inflates sparse files to any size. This one has limits, and gives no path to anybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, NoReturn

from cloche.errors import ImageError
from cloche.images.foreign import excerpt

from .stream import PIECE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .stream import Stream

__all__ = ["Entry", "Tar"]

BLOCK = 512
#: Bytes of names, attributes and the like that one entry may have.
_LONGEST = 1024 * 1024
_ZERO = b"\0" * BLOCK
Kind = Literal["file", "link", "symlink", "directory", "sparse", "other"]
_KINDS: dict[bytes, Kind] = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",
    b"1": "link",
    b"2": "symlink",
    b"5": "directory",
    b"S": "sparse",
}
_EXTENDED = {b"x", b"g", b"L", b"K"}


class Entry(NamedTuple):
    """One entry; its content follows in the stream."""

    name: str
    kind: Kind
    #: Bytes of content that follow, whatever the kind.
    size: int
    #: Where a link leads.
    target: str


class Tar:
    """The entries of an archive, in order; ImageError names the one that is wrong."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._left = self._padding = 0
        self._name = "its first entry"

    def __iter__(self) -> Iterator[Entry]:
        """Go through all entries; what was not read of one is passed over.

        An archive without its end marker was cut short.
        """
        extended: dict[str, str] = {}
        while (header := self._header()) is not None:
            kind, size = header[156:157], self._number(header[124:136])
            if kind in _EXTENDED:
                extended |= self._extended(kind, size)
                continue
            entry = self._entry(header, kind, size, extended)
            self._name, extended = entry.name, {}
            self._left, self._padding = entry.size, -entry.size % BLOCK
            yield entry

    def content(self) -> Iterator[memoryview]:
        """The content of the entry that came last, in pieces."""
        while self._left:
            piece = self._stream.some(min(self._left, PIECE))
            if not piece:
                self._cut_short()
            self._left -= len(piece)
            yield piece

    def read(self) -> bytes:
        """All of that content; whoever asks has looked at its size."""
        return b"".join(map(bytes, self.content()))

    def _header(self) -> bytes | None:
        for _ in self.content():
            pass
        if len(self._stream.read(self._padding)) < self._padding:
            self._cut_short()
        self._padding = 0
        header = self._stream.read(BLOCK)
        if len(header) < BLOCK:
            self._cut_short()
        if header == _ZERO:
            return None
        if self._number(header[148:156]) not in _sums(header):
            self._wrong("its header is damaged, or this is no tar archive")
        return header

    def _entry(self, header: bytes, kind: bytes, size: int, extended: dict[str, str]) -> Entry:
        name, target = _text(header[:100]), _text(header[157:257])
        if header[257:263] == b"ustar\0" and (prefix := _text(header[345:500])):
            name = f"{prefix}/{name}"
        name, target = extended.get("path", name), extended.get("linkpath", target)
        self._name = name
        if "size" in extended:
            size = self._decimal(extended["size"])
        found = _kind(kind, name, extended)
        if kind == b"S":
            self._pass_over_maps(header[482])
        has_content = found in ("file", "sparse") or (found == "other" and kind not in b"346")
        return Entry(name, found, size if has_content else 0, target)

    def _pass_over_maps(self, more: int) -> None:
        """Of GNU's sparse files, where their holes are: blocks that nobody counts."""
        while more:
            block = self._stream.read(BLOCK)
            if len(block) < BLOCK:
                self._cut_short()
            more = block[504]

    def _extended(self, kind: bytes, size: int) -> dict[str, str]:
        """What a header before the header says; those for all entries say nothing of use here."""
        if size > _LONGEST:
            self._wrong(f"its names and attributes are longer than {_LONGEST} bytes")
        self._left, self._padding = size, -size % BLOCK
        data = self.read()
        if kind == b"g":
            return {}
        if kind == b"x":
            return self._records(data)
        return {"path" if kind == b"L" else "linkpath": _text(data)}

    def _records(self, data: bytes) -> dict[str, str]:
        """``LENGTH KEY=VALUE\\n``, again and again (POSIX.1-2001, pax Extended Header)."""
        found: dict[str, str] = {}
        position = 0
        while position < len(data):
            number, space, _ = data[position : position + 12].partition(b" ")
            length = int(number) if number.isdigit() else 0
            record = data[position + len(number) + 1 : position + length]
            key, equals, value = record.partition(b"=")
            whole = record.endswith(b"\n") and position + length <= len(data)
            if not (space and key and equals and whole):
                self._wrong("its extended header is damaged")
            found[_decoded(key)] = _decoded(value[:-1])
            position += length
        return found

    def _number(self, field: bytes) -> int:
        """Octal digits, or GNU's binary numbers; ImageError for neither, and below 0."""
        if field[0] == 0x80:
            return int.from_bytes(field[1:], "big")
        digits = field.strip(b" \0")
        if not digits:
            return 0
        if not all(0x30 <= digit <= 0x37 for digit in digits):
            self._wrong("its header is damaged, or this is no tar archive")
        return int(digits, 8)

    def _decimal(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            self._wrong("its size is no number")
        return int(text)

    def _wrong(self, what: str) -> NoReturn:
        raise ImageError(f"{excerpt(self._name)}: {what}")

    def _cut_short(self) -> NoReturn:
        raise ImageError(f"the archive ends too early, in or after {excerpt(self._name)}")


def _sums(header: bytes) -> tuple[int, int]:
    """The checksum, and what old programs took for it who counted bytes with signs."""
    counted = header[:148] + b" " * 8 + header[156:]
    unsigned = sum(counted)
    return unsigned, unsigned - 256 * sum(byte > 0x7F for byte in counted)


def _kind(kind: bytes, name: str, extended: dict[str, str]) -> Kind:
    if any(key.startswith("GNU.sparse.") for key in extended):
        return "sparse"
    if kind == b"\0" and name.endswith("/"):
        return "directory"
    return _KINDS.get(kind, "other")


def _text(field: bytes) -> str:
    return _decoded(field.partition(b"\0")[0])


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
