"""Layers of images, in the store's own home: unpacked over their parents, and known by their chain.

A layer lies in ``layers/CHAIN``, where CHAIN is the chain id of the OCI image-spec (config.md): the
same changes over other parents are another layer. A note beside the folder, ``CHAIN.json``, is
written last and removed first: a folder without one is what a dead process has left, of a layer
that it was unpacking or taking away, and goes before the next attempt.
"""

from __future__ import annotations

import json
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cloche.errors import CleanupFailed, ClocheError, ImageError, NotFound
from cloche.layer_folders import CHAIN
from cloche.layers import Layer, LayerSource
from cloche.locations import is_there, private_directory
from cloche_hcs.layers.driver import Driver
from cloche_hcs.layers.importing import clear_up, import_layer
from cloche_hcs.layers.patience import file_in_use, patiently
from cloche_hcs.layers.pieces import readable
from cloche_hcs.layers.places import is_link, long, mark_of, present
from cloche_hcs.layers.turns import turn

if TYPE_CHECKING:
    import io
    from collections.abc import Iterable, Iterator

__all__ = ["Kept", "chain_of"]

_ENDING: Final = ".json"
_DIGEST: Final = re.compile("sha256:[0-9a-f]{64}")
_PIECE: Final = 1 << 20


def chain_of(source: LayerSource) -> str:
    """Tell a layer from all others, its parents included, by 64 hexadecimal digits.

    Raises ImageError for what is no digest.
    """
    chain = ""
    for digest in (*reversed(source.parents), source.digest):
        if _DIGEST.fullmatch(digest) is None:
            raise ImageError(f"not the digest of a layer: {digest!r}")
        chain = f"sha256:{sha256(f'{chain} {digest}'.encode()).hexdigest()}" if chain else digest
    return chain.removeprefix("sha256:")


class Kept:
    """The layers below one directory; nothing is made before it is needed."""

    def __init__(self, home: str) -> None:
        self._top = home
        self._home = os.path.join(home, "layers")

    def find(self, source: LayerSource) -> Layer | None:
        """Look for a layer that is here, whole."""
        folder = self._folder(source)
        if not is_there(self._home) or not (present(folder + _ENDING) and present(folder)):
            return None
        return Layer(kind="windows", path=Path(folder), digest=source.digest)

    def unpack(self, source: LayerSource, chunks: Iterable[bytes]) -> Layer:
        """Unpack a layer over its parents, unless it is here; on any error nothing is left."""
        parents = [self._parent(source, position) for position in range(len(source.parents))]
        for directory in (self._top, self._home):
            private_directory(directory)
        folder = self._folder(source)
        with turn(long(f"{folder}.unpacking")):
            found = self.find(source)
            if found is None:
                self._clear_up(folder)
                self._unpack(folder, parents, chunks)
                _write(folder + _ENDING, {"digest": source.digest, "parents": source.parents})
                found = Layer(kind="windows", path=Path(folder), digest=source.digest)
        return found

    def discard(self, source: LayerSource) -> None:
        """Take a layer away; repeatable."""
        if not is_there(self._home):
            return
        folder = self._folder(source)
        with turn(long(f"{folder}.unpacking")):
            self._clear_up(folder)

    def sources(self) -> Iterator[LayerSource]:
        """Name the layers that are here, whole; a damaged note is none."""
        if not is_there(self._home):
            return
        for name in sorted(os.listdir(long(self._home))):
            source = self._noted(name) if name.endswith(_ENDING) else None
            if source is not None and self.find(source) is not None:
                yield source

    def _folder(self, source: LayerSource) -> str:
        return os.path.join(self._home, chain_of(source))

    def _parent(self, source: LayerSource, position: int) -> str:
        digest, *below = source.parents[position:]
        parent = self.find(LayerSource(digest=digest, parents=tuple(below)))
        if parent is None:
            raise NotFound(
                f"the layer {digest}, below {source.digest}, is not here",
                hint="unpack an image's layers from the base to the top",
                backend="filter",
            )
        return str(parent.path)

    def _unpack(self, folder: str, parents: list[str], chunks: Iterable[bytes]) -> None:
        try:
            with readable(iter(chunks)) as stream:
                import_layer(stream, self._home, os.path.basename(folder), parents)
                _read_on(stream)
            _write(os.path.join(folder, CHAIN), parents)
        except BaseException as error:
            try:
                self._destroy(folder)
            except (ClocheError, OSError) as further:
                error.add_note(f"and then, clearing up: {further}")
            raise

    def _clear_up(self, folder: str) -> None:
        """Take away what there is, whole or not."""
        if present(folder + _ENDING):
            os.unlink(long(folder + _ENDING))
        if present(mark_of(folder)):
            clear_up(self._home, os.path.basename(folder))
        self._destroy(folder)

    def _destroy(self, folder: str) -> None:
        """Windows lets it be renamed, so nobody has it mounted: to destroy it then ends nobody."""
        aside = f"{folder}-removing"
        if present(folder):
            if is_link(folder):
                raise CleanupFailed(f"{folder} is a link to somewhere else", backend="filter")
            patiently(lambda: os.rename(long(folder), long(aside)), file_in_use)
        if present(aside):
            Driver(self._home, os.path.basename(aside)).destroy(aside)

    def _noted(self, name: str) -> LayerSource | None:
        """Read a note; None for what is no note of a layer, or not of this one."""
        try:
            with open(long(os.path.join(self._home, name)), encoding="utf-8") as file:
                noted = json.load(file)
            source = LayerSource(digest=noted["digest"], parents=tuple(noted["parents"]))
            own = chain_of(source) + _ENDING
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return source if own == name else None


def _read_on(stream: io.BufferedReader) -> None:
    """Whoever gives the pieces looks at the last one whether they were the right ones."""
    while stream.read(_PIECE):
        pass


def _write(path: str, document: object) -> None:
    """Write a small document, all at once."""
    fresh = long(f"{path}.new")
    with open(fresh, "w", encoding="utf-8") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, long(path))
