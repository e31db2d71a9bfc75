"""What the layer stores here have in common: layers of images, and a directory a container."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from cloche.errors import CleanupFailed, InvalidSpec, NotFound, NotSupported
from cloche.layers import LayerStore
from cloche_linux.trash import Trash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

    from cloche.layers import Change, Layer, LayerSource
    from cloche.runtime import BackendContext
    from cloche_linux.layering.layers import Layers
    from cloche_linux.layering.parts import Part

__all__ = ["KeepsLayers", "check_id", "directories", "visible"]


class KeepsLayers(LayerStore):
    """A layer store that has all it needs beneath its home."""

    name: ClassVar[str]

    def __init__(self, home: str) -> None:
        self._home = home
        self._containers = os.path.join(home, "containers")
        self._trash = Trash(os.path.join(home, "trash"))
        self._kept: Layers | None = None

    @classmethod
    def open(cls, context: BackendContext) -> Self:
        """Open the store; nothing is made."""
        return cls(str(context.home))

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

    def release(self, id: str) -> None:
        """Take the container's directory away, and what is mounted or kept in it."""
        try:
            self._remove(self._directory_of(id))
        except OSError as error:
            raise CleanupFailed(
                f"the root of {id} remains: {error}",
                problems=[error],
                container=id,
                backend=self.name,
            ) from error

    def _remove(self, container: str) -> None:
        self._trash.throw(container)

    def list(self) -> Iterable[str]:
        """Name the containers that have a directory, or had one that is not gone yet."""
        try:
            held = os.listdir(self._containers)
        except FileNotFoundError:
            held = []
        return sorted({*held, *self._trash.names()})

    def _directory_of(self, id: str) -> str:
        return os.path.join(self._containers, check_id(id))

    def _parts(self, id: str) -> Sequence[Part]:
        """Say where a container's changes are. Raises NotFound, or NotSupported."""
        from cloche_linux.layering.parts import noted

        try:
            return noted(self._directory_of(id))
        except FileNotFoundError:
            raise NotFound(f"there is no root of {id}", container=id) from None

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
        self._trash.finish()


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


def visible(layers: Sequence[Layer]) -> Sequence[Layer]:
    """Leave out the layers beneath one whose very root is opaque: overlays do not look for that."""
    for number, layer in enumerate(layers, 1):
        if layer.digest is not None and layer.path is not None:
            from cloche_linux.layering.marks import is_opaque

            if is_opaque(str(layer.path)):
                return layers[:number]
    return layers
