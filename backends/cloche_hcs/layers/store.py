"""The layer store ``filter``: roots are sandboxes of Windows' layer filter driver.

A sandbox lies beside the topmost layer and is called by the container's id. It can grow as far as
``size`` says, or the driver's own limit (20 GiB); ``volatile`` changes nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import NotSupported
from cloche.layers import LayerStore, RootFilesystem
from cloche_hcs.layers.making import Making, folders_of
from cloche_hcs.layers.places import check_id
from cloche_hcs.layers.removal import Removal
from cloche_hcs.layers.sandboxes import Sandbox, Sandboxes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloche.layers import Layer
    from cloche.runtime import BackendContext

__all__ = ["FORMS", "FilterStore"]

#: A root that is mounted on this machine, and one that a virtual machine mounts.
FORMS = ("filter:mounted", "filter")


class FilterStore(LayerStore):
    """Makes sandboxes; ``cloche_hcs.layers`` says what their roots look like."""

    def __init__(self, home: str) -> None:
        self._sandboxes = Sandboxes(home)

    @classmethod
    def open(cls, context: BackendContext) -> FilterStore:
        return cls(str(context.home))

    def prepare(
        self, id: str, layers: Sequence[Layer], form: str, *, volatile: bool, size: int | None
    ) -> RootFilesystem:
        if form not in FORMS:
            raise NotSupported(f"the filter store does not offer roots of the form {form}")
        folders = folders_of(layers)
        sandbox = Sandbox(
            id=check_id(id),
            home=os.path.dirname(folders[0]),
            layers=folders,
            mounted=form == "filter:mounted",
        )
        self._sandboxes.prepare()
        with self._sandboxes.turn(id):
            making = Making(self._sandboxes, sandbox)
            path = making.run(size)
        return RootFilesystem(
            form=form,
            path=path,
            layers=folders,
            info={"folder": sandbox.folder, "guids": making.guids},
        )

    def release(self, id: str) -> None:
        if not self._sandboxes.has(check_id(id)):
            return
        with self._sandboxes.turn(id):
            sandbox = self._sandboxes.read(id)
            if sandbox is not None:
                Removal(self._sandboxes, sandbox).run()

    def list(self) -> Iterable[str]:
        return self._sandboxes.ids()
