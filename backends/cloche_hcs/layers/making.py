"""A sandbox on its way into being: checks first, then a note, then the driver's calls."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cloche.errors import AlreadyExists, CleanupFailed, ClocheError, InvalidSpec, NotSupported
from cloche_hcs.hresult import ALREADY_EXISTS
from cloche_hcs.layers.driver import Driver, code_of, descriptors_of
from cloche_hcs.layers.places import check_folder, identity, present
from cloche_hcs.layers.removal import Removal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.layers import Layer
    from cloche_hcs.layers.sandboxes import Sandbox, Sandboxes

__all__ = ["KINDS", "Making", "folders_of"]

#: The kinds of layer that have a folder, which is all the driver wants.
KINDS = frozenset({"directory", "windows"})


def folders_of(layers: Sequence[Layer]) -> tuple[str, ...]:
    """Check the layers, and name their folders; the driver is not asked.

    Raises InvalidSpec, NotSupported for a kind that is not ours, NotFound.
    """
    if not layers:
        raise InvalidSpec(
            "no layers: a Windows container needs at least one",
            path="windows.layerFolders",
            hint="name the folders of the image's layers, topmost first",
        )
    return tuple(_folder(layer, number) for number, layer in enumerate(layers))


def _folder(layer: Layer, number: int) -> str:
    if layer.kind not in KINDS or layer.path is None:
        raise NotSupported(f"the filter store does not take layers of the kind {layer.kind}")
    return check_folder(str(layer.path), f"windows.layerFolders[{number}]")


class Making:
    """Makes one sandbox, in its turn; undoes what it did if it can't finish.

    While a call that has not returned may still be at work nothing can be undone: the note stays,
    and the sandbox can be released later.
    """

    def __init__(self, sandboxes: Sandboxes, sandbox: Sandbox) -> None:
        self._notes = sandboxes
        self._sandbox = sandbox
        self._driver = Driver(sandbox.home, sandbox.id)
        self._below = descriptors_of(sandbox.layers)

    @property
    def guids(self) -> dict[str, str]:
        """Each layer's GUID by its folder."""
        return {layer.path: str(layer.guid) for layer in self._below}

    def run(self, size: int | None) -> str | None:
        """Make it, and return its volume if it is to be mounted and has one."""
        self._refuse_taken()
        self._notes.write(self._sandbox)
        try:
            self._create()
            return self._complete(size)
        except BaseException as error:
            self._undo(error)
            raise

    def _refuse_taken(self) -> None:
        sandbox = self._sandbox
        if self._notes.has(sandbox.id) or present(sandbox.folder):
            raise AlreadyExists(
                f"there is a layer {sandbox.id} already: {sandbox.folder}",
                hint="choose another id, or remove what has it",
                container=sandbox.id,
                backend="filter",
            )

    def _create(self) -> None:
        """Make the folder; one that somebody else made meanwhile is not ours to undo."""
        sandbox = self._sandbox
        try:
            self._driver.create_sandbox(self._below)
        except ClocheError as error:
            if code_of(error) in ALREADY_EXISTS:
                self._notes.forget(sandbox.id)
            raise
        self._sandbox = replace(sandbox, identity=identity(sandbox.folder))
        self._notes.write(self._sandbox)

    def _complete(self, size: int | None) -> str | None:
        sandbox = self._sandbox
        if size is not None:
            self._driver.expand(size)
        if not sandbox.mounted:
            return None
        self._driver.mount(self._below)
        return self._driver.mount_path()

    def _undo(self, error: BaseException) -> None:
        sandbox = self._notes.read(self._sandbox.id)
        if sandbox is None:
            return
        try:
            Removal(self._notes, sandbox).run()
        except CleanupFailed as problem:
            error.add_note(f"and then, clearing up: {problem}")
