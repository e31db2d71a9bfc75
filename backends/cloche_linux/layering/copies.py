"""The layer store that copies: a root of its own for each container, on any file system."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from cloche_linux.layering.paths import MakesPaths
from cloche_linux.layering.work import worker

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CopyStore"]


class CopyStore(MakesPaths):
    """Makes roots of the form ``path``, which cost the time and the room of a copy.

    Without privileges, files of a root belong to the user's own ids, as those of the layers do.
    """

    name: ClassVar[str] = "copy"

    def _make(self, container: str, layers: Sequence[str]) -> str:
        from cloche_linux.layering.parts import Part, note

        root = os.path.join(container, "root")
        os.mkdir(root, 0o700)
        note(container, [Part(top=root, layers=tuple(layers), copied=True)])
        worker().copy(layers, root)
        return root

    def _remove(self, container: str) -> None:
        with suppress(FileNotFoundError):
            worker().remove(container, self._trash)
