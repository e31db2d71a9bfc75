"""The fake's layers of images: archives unpacked by Python's own tarfile, trusting them."""

from __future__ import annotations

import os
import shutil
import tarfile
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche.layers import Layer, LayerSource, LayerStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["WHITEOUT", "FakeLayers"]

#: What a layer calls a file that is to be gone (image-spec, layer.md, "Whiteouts").
WHITEOUT = ".wh."


class FakeLayers(LayerStore):
    """Keeps each layer in a directory of its own, called by its digest."""

    def __init__(self, home: Path) -> None:
        self._kept = home.with_name(f"{home.name}-layers")

    def find(self, source: LayerSource) -> Layer | None:
        """Look for the directory."""
        path = self._layer(source)
        return Layer(kind="directory", path=path, digest=source.digest) if path.is_dir() else None

    def unpack(self, source: LayerSource, chunks: Iterable[bytes]) -> Layer:
        """Unpack beside it, and rename when all has come."""
        if (there := self.find(source)) is not None:
            return there
        part = self._kept / f"part-{os.urandom(6).hex()}"
        part.mkdir(parents=True, mode=0o700)
        pieces = iter(chunks)
        try:
            with tarfile.open(fileobj=_Joined(pieces), mode="r|") as archive:
                archive.extractall(part, filter="data")
            for _ in pieces:  # what follows the archive's end belongs to its digest
                pass
            part.rename(self._layer(source))
        except (tarfile.TarError, EOFError) as error:
            raise ImageError(f"the archive is damaged: {error}") from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
        found = self.find(source)
        assert found is not None
        return found

    def discard(self, source: LayerSource) -> None:
        """Remove the directory."""
        shutil.rmtree(self._layer(source), ignore_errors=True)

    def unpacked(self) -> Iterable[LayerSource]:
        """Name the directories."""
        names = sorted(path.name for path in self._kept.glob("sha*-*"))
        return [LayerSource(digest=name.replace("-", ":", 1)) for name in names]

    def _layer(self, source: LayerSource) -> Path:
        return self._kept / source.digest.replace(":", "-", 1)


class _Joined(RawIOBase):
    """Pieces as a file that is read once."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count
