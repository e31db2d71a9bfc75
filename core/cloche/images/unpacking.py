"""From kept blobs to unpacked layers, each of them once."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from cloche._disk import locked
from cloche.errors import ImageError
from cloche.locations import private_directory

from .manifest import Manifest
from .pipeline import layer_pieces
from .progress import Progress

if TYPE_CHECKING:
    from collections.abc import Generator

    from cloche.choice import Opened
    from cloche.layers import Layer, LayerSource, LayerStore

    from .content import Content
    from .image import Image
    from .manifest import Descriptor
    from .progress import Report

__all__ = ["Unpacker", "unpack_image"]


class Unpacker:
    """Unpacks layers of one image from the content store into a layer store."""

    def __init__(
        self, content: Content, store: Opened[LayerStore], name: str, report: Report
    ) -> None:
        self._content = content
        self._store = store
        self._name = name
        self._report = report
        self._locks = os.path.join(content.layout.home, "unpacking", store.name.replace(":", "-"))

    def find(self, source: LayerSource) -> Layer | None:
        """Look for a layer that is unpacked already."""
        return self._store.backend.find(source)

    def unpack(self, source: LayerSource, blob: Descriptor) -> Layer:
        """Unpack a layer whose blob is here, unless it is there already.

        Waits while another thread or process unpacks the same one. Raises ImageError for an archive
        that is damaged, hostile, or not what the image says; nothing of it is kept then.
        """
        found = self.find(source)
        if found is not None:
            return found
        with locked(self._lock(source.digest)):
            return self.find(source) or self._unpack(source, blob)

    def _lock(self, digest: str) -> str:
        """Layers share locks, which does no harm: whoever holds one waits for no other."""
        path = os.path.join(self._locks, digest.partition(":")[2][:2])
        private_directory(path)
        return path

    def _unpack(self, source: LayerSource, blob: Descriptor) -> Layer:
        with self._content.open(blob.digest) as file:
            pieces = layer_pieces(file, blob.size, source.digest)
            with closing(self._told(pieces, blob)) as told:
                try:
                    return self._store.backend.unpack(source, told)
                except ImageError as error:
                    hint = error.hint or "cloche image verify, then pull it again"
                    raise ImageError(
                        f"{self._name}: layer {blob.digest}: {error}", hint=hint
                    ) from error

    def _told(
        self, pieces: Generator[bytes, None, None], blob: Descriptor
    ) -> Generator[bytes, None, None]:
        """Tell of what passes; its end is not known before."""
        count = 0
        with closing(pieces):
            for piece in pieces:
                count += len(piece)
                self._report(Progress(self._name, blob.digest, "unpacking", count))
                yield piece


def unpack_image(
    content: Content,
    store: Opened[LayerStore],
    image: Image,
    report: Report = lambda _: None,
) -> tuple[Layer, ...]:
    """Unpack what is missing of an image that is here; its layers, topmost first."""
    manifest = content.manifest(image.digest)
    assert isinstance(manifest, Manifest)
    unpacker = Unpacker(content, store, image.name or image.digest, report)
    pairs = zip(image.layers[::-1], manifest.layers, strict=True)
    return tuple([unpacker.unpack(source, blob) for source, blob in pairs][::-1])
