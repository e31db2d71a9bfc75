"""How layers are compressed: told by their first bytes, and done for those that are made here."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

from cloche.images import media

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["gzip", "layer_type"]

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
#: A gzip header and trailer around the data (zlib's ``windowBits``).
_WITH_HEADER = 31


def layer_type(head: bytes) -> str:
    """The media type of a layer that begins with these four bytes."""
    if head.startswith(_GZIP):
        return media.LAYER_GZIP
    return media.LAYER_ZSTD if head.startswith(_ZSTD) else media.LAYER


def gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Compress, without a time or name: what is the same before is the same after."""
    compressor = _compressor()
    for piece in pieces:
        if data := compressor.compress(piece):
            yield data
    yield compressor.flush()


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def _compressor() -> _Compressor:
    """The compressor of isal; where it is missing, zlib does the same work."""
    try:
        from isal import isal_zlib
    except ImportError:  # a platform for which it is not made
        return zlib.compressobj(4, zlib.DEFLATED, _WITH_HEADER)
    return isal_zlib.compressobj(isal_zlib.ISAL_BEST_COMPRESSION, isal_zlib.DEFLATED, _WITH_HEADER)
