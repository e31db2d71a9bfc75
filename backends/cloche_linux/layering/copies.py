"""The layer store that copies: a root of its own for each container, on any file system."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import CleanupFailed, NotSupported
from cloche.layers import RootFilesystem
from cloche.machine import refused
from cloche_linux.layering.keeping import KeepsLayers, check_id, directories, found_parts
from cloche_linux.layering.work import worker
from cloche_linux.trash import Trash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloche.layers import Layer
    from cloche.runtime import BackendContext
    from cloche_linux.layering.parts import Part

__all__ = ["CopyStore"]


class CopyStore(KeepsLayers):
    """Makes roots of the form ``path``, which cost the time and the room of a copy.

    Without privileges, files of a root belong to the user's own ids, as those of the layers do.
    """

    def __init__(self, home: str) -> None:
        super().__init__(home)
        self._containers = os.path.join(home, "containers")
        self._trash = Trash(os.path.join(home, "trash"))

    @classmethod
    def open(cls, context: BackendContext) -> CopyStore:
        """Open the store; nothing is made."""
        return cls(str(context.home))

    def prepare(
        self, id: str, layers: Sequence[Layer], form: str, *, volatile: bool, size: int | None
    ) -> RootFilesystem:
        """Copy the layers; raises NotSupported if ``size`` is to be limited."""
        if form != "path":
            raise NotSupported(f"the copy store does not offer roots of the form {form}")
        if size is not None:
            raise NotSupported(
                "the copy store can't limit a root's size", hint="use the layer store overlay"
            )
        below = directories(layers, "copy")
        container = os.path.join(self._containers, check_id(id))
        try:
            root = self._make(container, below)
        except BaseException as error:
            self.release(id)
            if isinstance(error, OSError):
                raise refused(error, "prepare", operation="prepare", container=id) from error
            raise
        return RootFilesystem(form=form, path=root)

    def _make(self, container: str, layers: Sequence[str]) -> str:
        from cloche_linux.layering.parts import Part, note

        root = os.path.join(container, "root")
        os.makedirs(self._containers, 0o700, exist_ok=True)
        os.mkdir(container, 0o700)
        os.mkdir(root, 0o700)
        note(container, [Part(top=root, layers=tuple(layers), copied=True)])
        worker().copy(layers, root)
        return root

    def _parts(self, id: str) -> list[Part]:
        return found_parts(os.path.join(self._containers, check_id(id)), id)

    def release(self, id: str) -> None:
        """Remove the copy."""
        try:
            worker().remove(os.path.join(self._containers, check_id(id)), self._trash)
        except FileNotFoundError:
            return
        except OSError as error:
            raise CleanupFailed(
                f"the root of {id} remains: {error}",
                problems=[error],
                container=id,
                backend="copy",
            ) from error

    def list(self) -> Iterable[str]:
        """Name the containers that have a copy."""
        try:
            held = os.listdir(self._containers)
        except FileNotFoundError:
            held = []
        return sorted({*held, *self._trash.names()})

    def close(self) -> None:
        super().close()
        self._trash.finish()
