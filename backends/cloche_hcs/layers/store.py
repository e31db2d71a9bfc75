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
from cloche_hcs.layers.removal import remove
from cloche_hcs.layers.sandboxes import Notes, Sandbox

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
        self._notes = Notes(home)

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
        making = Making(sandbox)
        path = making.run(self._notes, size)
        return RootFilesystem(
            form=form,
            path=path,
            layers=folders,
            info={"folder": sandbox.folder, "guids": making.guids},
        )

    def release(self, id: str) -> None:
        note = self._notes.open(check_id(id))
        if note is not None:
            with note:
                remove(note)

    def list(self) -> Iterable[str]:
        return self._notes.ids()
