"""What every layer store here has in common: it keeps layers of images, as overlays read them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec, NotFound, NotSupported
from cloche.layers import LayerStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloche.layers import Change, Layer, LayerSource
    from cloche_linux.layering.layers import Layers
    from cloche_linux.layering.parts import Part

__all__ = ["KeepsLayers", "check_id", "directories", "found_parts", "visible"]


class KeepsLayers(LayerStore):
    """A layer store that unpacks layers beneath its home."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._kept: Layers | None = None

    @property
    def _layers(self) -> Layers:
        """What is unpacked; a container of a directory needs none of this."""
        if self._kept is None:
            from cloche_linux.layering.layers import Layers

            self._kept = Layers(self._home)
        return self._kept

    def find(self, source: LayerSource) -> Layer | None:
        return self._layers.find(source)

    def unpack(self, source: LayerSource, chunks: Iterable[bytes]) -> Layer:
        return self._layers.unpack(source, chunks)

    def discard(self, source: LayerSource) -> None:
        self._layers.discard(source)

    def unpacked(self) -> Iterable[LayerSource]:
        return self._layers.unpacked()

    def changes(self, id: str) -> Iterable[Change]:
        from cloche_linux.layering.changes import changes

        return changes(self._parts(id))

    def archive(self, id: str) -> Iterable[bytes]:
        from cloche_linux.layering.changes import archive

        return archive(self._parts(id))

    def _parts(self, id: str) -> list[Part]:
        """Say where a container's changes are. Raises NotFound, or NotSupported."""
        raise self._keeps_none("changes")

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()


def check_id(id: str) -> str:
    """Return an id that is no path. Raises InvalidSpec."""
    if "/" in id or id in {"", ".", ".."}:
        raise InvalidSpec(f"not a container's id: {id!r}", path="id")
    return id


def directories(layers: Sequence[Layer], store: str) -> list[str]:
    """Return the paths of layers that have to be directories. Raises NotSupported, or NotFound."""
    paths = []
    for layer in visible(layers):
        path = str(layer.path)
        if layer.kind != "directory":
            raise NotSupported(f"the {store} store does not take layers of the kind {layer.kind}")
        if not os.path.isdir(path):
            raise NotFound(f"root directory not found: {path}", hint="name an existing directory")
        paths.append(os.path.realpath(path))
    return paths


def found_parts(container: str, id: str) -> list[Part]:
    """Read what was noted of a container's root. Raises NotFound."""
    from cloche_linux.layering.parts import noted

    try:
        return noted(container)
    except FileNotFoundError:
        raise NotFound(f"there is no root of {id}", container=id) from None


def visible(layers: Sequence[Layer]) -> Sequence[Layer]:
    """Leave out the layers beneath one whose very root is opaque: overlays do not look for that."""
    for number, layer in enumerate(layers, 1):
        if layer.digest is not None and layer.path is not None:
            from cloche_linux.layering.marks import is_opaque

            if is_opaque(str(layer.path)):
                return layers[:number]
    return layers
