"""What the store owns: one note per sandbox, written before its first call and removed after all.

A note is the proof that a folder is ours, wherever it lies: nothing without one is touched. Notes
are small JSON files in a private directory, replaced as a whole.
"""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager, suppress

from cloche.errors import CleanupFailed
from cloche.locations import is_there, private_directory
from cloche.values import Value
from cloche_hcs.layers.patience import file_in_use, patiently
from cloche_hcs.layers.places import identity, long, present
from cloche_hcs.layers.turns import turn

__all__ = ["Sandbox", "Sandboxes"]

_ENDING = ".json"
#: What each field of a note is in JSON.
_KINDS: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "home": (str,),
    "layers": (list,),
    "mounted": (bool,),
    "identity": (list, type(None)),
    "removing": (bool,),
}


class Sandbox(Value, kw_only=True):
    """A writable layer of ours, made or about to be."""

    #: The container's id, and the name of the folder.
    id: str
    #: The folder in which it lies.
    home: str
    #: Folders of the layers below it, topmost first.
    layers: tuple[str, ...]
    #: Whether it is mounted on this machine, or was meant to be.
    mounted: bool
    #: Volume and number of the folder; None while it is not known.
    identity: tuple[int, int] | None = None
    #: It is about to be renamed, or has been.
    removing: bool = False

    @property
    def folder(self) -> str:
        """Where it lies."""
        return os.path.join(self.home, self.id)

    @property
    def aside(self) -> str:
        """Where it lies while it is removed."""
        return f"{self.folder}-removing"

    def owns(self, folder: str) -> bool:
        """Say whether what lies there now is what was made for this sandbox."""
        return self.identity is None or identity(folder) == self.identity


class Sandboxes:
    """The notes below one directory; nothing is made before it is needed."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._notes = os.path.join(home, "sandboxes")
        self._turns = os.path.join(home, "turns")

    def prepare(self) -> None:
        """Make the directories; Unavailable if they can't be, or are another user's."""
        for directory in (self._home, self._notes, self._turns):
            private_directory(directory)

    def turn(self, id: str) -> AbstractContextManager[None]:
        """Wait until nobody else makes or removes this sandbox, and keep others waiting."""
        return turn(os.path.join(self._turns, id.lower()))

    def ids(self) -> list[str]:
        """Name all sandboxes, damaged notes' included."""
        if not is_there(self._notes):
            return []
        names = os.listdir(self._notes)
        return sorted(name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING))

    def has(self, id: str) -> bool:
        """Say whether there is a note about this id."""
        return is_there(self._notes) and present(self._path(id))

    def read(self, id: str) -> Sandbox | None:
        """Read a note; None if there is none.

        A damaged one proves nothing and is dropped: CleanupFailed says what may be left.
        """
        if not is_there(self._notes):
            return None
        try:
            with open(long(self._path(id)), "rb") as file:
                return _sandbox(id, json.load(file))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            self.forget(id)
            raise CleanupFailed(
                f"the note about the sandbox {id} is damaged: a folder {id} beside its layers "
                f"may be left, which only you can tell",
                problems=[error],
                container=id,
                backend="filter",
            ) from error

    def write(self, sandbox: Sandbox) -> None:
        """Write a note, as a whole or not at all."""
        path = long(self._path(sandbox.id))
        fresh = f"{path}.new"
        with open(fresh, "w", encoding="utf-8") as file:
            json.dump(_document(sandbox), file)
        patiently(lambda: os.replace(fresh, path), file_in_use)

    def forget(self, id: str) -> None:
        """Remove the note about a sandbox that is gone."""
        for path in (f"{long(self._path(id))}.new", long(self._path(id))):
            _remove(path)

    def _path(self, id: str) -> str:
        return os.path.join(self._notes, id + _ENDING)


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        patiently(lambda: os.unlink(path), file_in_use)


def _document(sandbox: Sandbox) -> dict[str, object]:
    return {name: getattr(sandbox, name) for name in _KINDS}


def _sandbox(id: str, document: object) -> Sandbox:
    """Make a sandbox of a note of which every field is what it should be; else ValueError."""
    if not isinstance(document, dict) or document.keys() != _KINDS.keys():
        raise ValueError(f"not the fields {', '.join(_KINDS)}")
    for name, kinds in _KINDS.items():
        if not isinstance(document[name], kinds):
            raise ValueError(f"{name}: {document[name]!r}")
    if document["id"].lower() != id.lower() or not os.path.isabs(document["home"]):
        raise ValueError(f"the note of {id} is about {document['id']} in {document['home']}")
    document["layers"] = tuple(map(str, document["layers"]))
    if document["identity"] is not None:
        volume, number = map(int, document["identity"])
        document["identity"] = (volume, number)
    return Sandbox(**document)
