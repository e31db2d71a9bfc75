"""Layer stores whose roots are directories of this machine, in whatever way they come about."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import TYPE_CHECKING

from cloche.errors import NotSupported
from cloche.layers import RootFilesystem
from cloche.machine import refused
from cloche_linux.layering.keeping import KeepsLayers, directories

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.layers import Layer

__all__ = ["MakesPaths"]


class MakesPaths(KeepsLayers):
    """A layer store that makes roots of the form ``path``."""

    def prepare(
        self, id: str, layers: Sequence[Layer], form: str, *, volatile: bool, size: int | None
    ) -> RootFilesystem:
        """Make the root; raises NotSupported if ``size`` is to be limited."""
        if form != "path":
            raise NotSupported(f"the {self.name} store does not offer roots of the form {form}")
        if size is not None:
            raise NotSupported(
                f"the {self.name} store can't limit a root's size",
                hint="use the layer store overlay",
            )
        below = directories(layers, self.name)
        container = self._directory_of(id)
        try:
            os.makedirs(self._containers, 0o700, exist_ok=True)
            os.mkdir(container, 0o700)
            root = self._make(container, below)
        except BaseException as error:
            self.release(id)
            if isinstance(error, OSError):
                raise refused(error, "prepare", operation="prepare", container=id) from error
            raise
        return RootFilesystem(form=form, path=root)

    @abstractmethod
    def _make(self, container: str, layers: Sequence[str]) -> str:
        """Make a root of directories, topmost first, in a new one; returns its path."""
