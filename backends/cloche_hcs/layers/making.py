"""A sandbox on its way into being: checks first, then a note, then the driver's calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import AlreadyExists, CleanupFailed, ClocheError, InvalidSpec, NotSupported
from cloche_hcs.hresult import ALREADY_EXISTS
from cloche_hcs.layers.driver import Driver, code_of, descriptors_of
from cloche_hcs.layers.places import check_folder, identity, present
from cloche_hcs.layers.removal import remove

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.layers import Layer
    from cloche_hcs.layers.sandboxes import Note, Notes, Sandbox

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
    """Makes one sandbox; undoes what it did if it can't finish.

    While a call that has not returned may still be at work nothing can be undone: the note stays,
    and the sandbox can be released later.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._driver = Driver(sandbox.home, sandbox.id)
        self._below = descriptors_of(sandbox.layers)

    @property
    def guids(self) -> dict[str, str]:
        """Each layer's GUID by its folder."""
        return {layer.path: str(layer.guid) for layer in self._below}

    def run(self, notes: Notes, size: int | None) -> str | None:
        """Make it, and return its volume if it is to be mounted and has one."""
        self._refuse_taken()
        with notes.create(self._sandbox) as note:
            try:
                self._create(note)
                return self._complete(size)
            except BaseException as error:
                _undo(note, error)
                raise

    def _refuse_taken(self) -> None:
        sandbox = self._sandbox
        if present(sandbox.folder):
            raise AlreadyExists(
                f"there is a folder {sandbox.folder} already",
                hint="choose another id, or remove what has it",
                container=sandbox.id,
                backend="filter",
            )

    def _create(self, note: Note) -> None:
        """Make the folder; one that somebody else made meanwhile is not ours to undo."""
        try:
            self._driver.create_sandbox(self._below)
        except ClocheError as error:
            if code_of(error) in ALREADY_EXISTS:
                note.drop()
            raise
        note.say(identity=identity(self._sandbox.folder))

    def _complete(self, size: int | None) -> str | None:
        if size is not None:
            self._driver.expand(size)
        if not self._sandbox.mounted:
            return None
        self._driver.mount(self._below)
        return self._driver.mount_path()


def _undo(note: Note, error: BaseException) -> None:
    if note.dropped:
        return
    try:
        remove(note)
    except CleanupFailed as problem:
        error.add_note(f"and then, clearing up: {problem}")
