"""The layer store ``filter``: roots are sandboxes of Windows' layer filter driver.

A sandbox lies beside the topmost layer and is called by the container's id. It can grow as far as
``size`` says, or the driver's own limit (20 GiB); ``volatile`` changes nothing. Layers of images
lie in the store's own home.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from cloche.errors import InvalidState, NotFound, NotSupported
from cloche.layers import LayerStore, RootFilesystem
from cloche_hcs.layers.changed import archive, changes
from cloche_hcs.layers.kept import Kept
from cloche_hcs.layers.making import Making, folders_of
from cloche_hcs.layers.places import check_id
from cloche_hcs.layers.removal import remove
from cloche_hcs.layers.sandboxes import Notes, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloche.layers import Change, Layer, LayerSource
    from cloche.runtime import BackendContext

__all__ = ["FORMS", "FilterStore"]

#: A root that is mounted on this machine, and one that a virtual machine mounts.
FORMS = ("filter:mounted", "filter")


class FilterStore(LayerStore):
    """Makes sandboxes; ``cloche_hcs.layers`` says what their roots look like."""

    def __init__(self, home: str) -> None:
        self._notes = Notes(home)
        self._kept = Kept(home)

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

    def find(self, source: LayerSource) -> Layer | None:
        return self._kept.find(source)

    def unpack(self, source: LayerSource, chunks: Iterable[bytes]) -> Layer:
        return self._kept.unpack(source, chunks)

    def discard(self, source: LayerSource) -> None:
        found = self._kept.find(source)
        if found is not None:
            self._refuse_used(str(found.path))
        self._kept.discard(source)

    def _refuse_used(self, folder: str) -> None:
        """Callers see to it that nobody uses a layer; Windows ends a process that errs here."""
        for container in self._notes.ids():
            with suppress(NotFound):
                if folder in self._sandbox(container).layers:
                    raise InvalidState(f"{folder} is a layer of {container}", backend="filter")

    def unpacked(self) -> Iterable[LayerSource]:
        return self._kept.sources()

    def changes(self, id: str) -> Iterable[Change]:
        return changes(self._sandbox(id))

    def archive(self, id: str) -> Iterable[bytes]:
        return archive(self._sandbox(id))

    def _sandbox(self, id: str) -> Sandbox:
        note = self._notes.open(check_id(id))
        if note is None:
            raise NotFound(f"{id} has no root here", container=id, backend="filter")
        with note:
            return note.read()
