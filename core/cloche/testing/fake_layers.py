"""The fake's layer store: each root is a directory of its own, with copies of the layers."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from cloche.errors import CleanupFailed, InvalidSpec, NotFound, NotSupported
from cloche.layers import RootFilesystem
from cloche.testing.fake_images import WHITEOUT, FakeLayers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from cloche.layers import Layer

__all__ = ["FakeLayerStore", "write_files"]


class FakeLayerStore(FakeLayers):
    """Prepares roots of the form ``path``; the layer ``host`` is an empty directory."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._home = home

    def prepare(
        self, id: str, layers: Sequence[Layer], form: str, *, volatile: bool, size: int | None
    ) -> RootFilesystem:
        """Copy the layers, topmost last; raises NotSupported if ``size`` is to be limited."""
        if form != "path":
            raise NotSupported(f"the fake has no roots of the form {form}", operation="prepare")
        if size is not None:
            raise NotSupported("the fake can't limit a root's size", operation="prepare")
        sources = [_directory(layer) for layer in reversed(layers)]
        root = self._place(id)
        try:
            os.makedirs(root, mode=0o700)
            for source in sources:
                if source is not None:
                    _copy_over(source, root)
        except BaseException:
            self.release(id)
            raise
        return RootFilesystem(form=form, path=root)

    def release(self, id: str) -> None:
        """Remove the directory."""
        try:
            shutil.rmtree(self._place(id))
        except FileNotFoundError:
            return
        except OSError as error:
            raise CleanupFailed(
                f"the root of {id} could not be removed: {error}", problems=[error], container=id
            ) from error

    def list(self) -> Iterable[str]:
        """Name the directories."""
        try:
            return sorted(os.listdir(self._home))
        except FileNotFoundError:
            return []

    def _place(self, id: str) -> str:
        if "/" in id or id in {"", ".", ".."}:
            raise InvalidSpec(f"not a container's id: {id!r}", path="id")
        return os.path.join(self._home, id)


def _directory(layer: Layer) -> Path | str | None:
    if layer.kind == "host":
        return None
    if layer.kind not in ("directory", "windows") or layer.path is None:
        raise NotSupported(f"the fake has no layers of the kind {layer.kind}", operation="prepare")
    if not os.path.isdir(layer.path):
        raise NotFound(f"there is no layer {layer.path}", operation="prepare")
    return layer.path


def _copy_over(source: Path | str, root: str) -> None:
    """Copy a tree over what is there: files and links replace, directories merge."""
    for folder, folders, files in os.walk(source):
        target = os.path.join(root, os.path.relpath(folder, source))
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        os.makedirs(target, exist_ok=True)
        for name in (*files, *links):
            place = os.path.join(target, name.removeprefix(WHITEOUT))
            if os.path.isdir(place) and not os.path.islink(place):
                shutil.rmtree(place)
            if os.path.lexists(place):
                os.unlink(place)
            if not name.startswith(WHITEOUT):
                shutil.copy2(os.path.join(folder, name), place, follow_symlinks=False)


def write_files(root: str, files: Iterable[tuple[str, bytes]]) -> None:
    """Put files into a root; it is not hostile before anything has run in it."""
    for path, content in files:
        place = os.path.join(root, path.lstrip("/"))
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(content)
