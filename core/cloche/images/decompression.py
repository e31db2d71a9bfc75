"""Decompress layers: by what they begin with, in pieces, within limits.

A media type is what somebody wrote beside a layer; the first bytes are what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cloche.errors import ImageError
from cloche.values import Value

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import BinaryIO

__all__ = ["LIMITS", "Limits", "decompress"]

#: Bytes of a piece: fewer cost more changes between threads than they save, by measurement.
PIECE = 512 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
#: The memory a frame of zstd may ask for: RFC 8878 recommends 8 MiB, its best levels take more.
_WINDOW = 32 * 1024 * 1024


class Limits(Value, kw_only=True):
    """What a layer may become."""

    #: The most bytes of one layer.
    size: int = 128 * 1024**3
    #: How many times as big as it was compressed, beyond the first ``free`` bytes. gzip can do
    #: 1032, zstd any; software has 2 to 5.
    ratio: int = 200
    free: int = 1024**3

    def most(self, compressed: int) -> int:
        """The most bytes that so many compressed ones may become."""
        return min(self.size, max(self.free, compressed * self.ratio))


LIMITS = Limits()


def decompress(file: BinaryIO, size: int, limits: Limits = LIMITS) -> Iterator[bytes]:
    """Yield the bytes of a layer, whether gzip, zstd or plain, in pieces.

    ``size`` is what there is of it, compressed. Raises ImageError for what is damaged, cut short,
    or becomes more than ``limits`` allow. Not every cut is seen in zstd: the diffID tells.
    """
    most, count = limits.most(size), 0
    for piece in _pieces(file):
        count += len(piece)
        if count > most:
            raise ImageError(
                f"a layer of {size} bytes becomes more than {most}",
                hint="it is damaged, or made to fill disks",
            )
        yield piece


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    head = file.read(4)
    file.seek(0)
    if head.startswith(_GZIP):
        return _gunzip(file)
    if head == _ZSTD or int.from_bytes(head, "little") in _SKIPPABLE:
        return _unzstd(file)
    return iter(lambda: file.read(PIECE), b"")


def _gunzip(file: BinaryIO) -> Iterator[bytes]:
    """All members of the file, one after the other; zeros between and behind them are padding."""
    from isal.igzip_lib import IsalError

    damage = cast("type[Exception]", IsalError)  # which its stubs take for an instance
    data = file.read(PIECE)
    try:
        while data:
            data = yield from _member(file, data)
            while data := data or file.read(PIECE):
                if data := data.lstrip(b"\0"):
                    break
    except damage as error:
        raise ImageError(f"the gzip stream is damaged: {error}") from error


def _member(file: BinaryIO, data: bytes) -> Generator[bytes, None, bytes]:
    """Yield what one member holds; its checksum is looked at. Returns what was read behind it."""
    from isal.igzip_lib import DECOMP_GZIP, IgzipDecompressor

    member = IgzipDecompressor(DECOMP_GZIP)
    while not member.eof:
        if member.needs_input and not data:
            data = file.read(PIECE)
            if not data:
                raise ImageError("the gzip stream ends in the middle")
        yield member.decompress(data, PIECE)
        data = b""
    return member.unused_data


def _unzstd(file: BinaryIO) -> Iterator[bytes]:
    from zstandard import ZstdDecompressor, ZstdError

    decompressor = ZstdDecompressor(max_window_size=_WINDOW)
    try:
        with decompressor.stream_reader(
            file, read_size=PIECE, read_across_frames=True, closefd=False
        ) as reader:
            yield from iter(lambda: reader.read(PIECE), b"")
    except ZstdError as error:
        raise ImageError(f"the zstd stream is damaged: {error}") from error
