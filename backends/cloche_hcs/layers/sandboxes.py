"""What the store owns: one note per sandbox, written before its first call and removed after all.

A note is the proof that a folder is ours, wherever it lies: nothing without one is touched. Notes
are files in a private directory. The first line says what is about to be made, further ones what
became of it; each is written at once, so a dead process leaves whole lines. Who works on a sandbox
holds its note.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from cloche.errors import AlreadyExists, CleanupFailed
from cloche.locations import is_there, private_directory
from cloche.values import Value
from cloche_hcs.layers.places import identity, long, present
from cloche_hcs.layers.turns import hold, let_go

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Any, Self

__all__ = ["Note", "Notes", "Sandbox"]

_ENDING = ".json"
#: What each field of a note is in JSON. The last two are said when they are known.
_KINDS: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "home": (str,),
    "layers": (list,),
    "mounted": (bool,),
    "identity": (list, type(None)),
    "removing": (bool,),
}
_LATER = frozenset({"identity", "removing"})


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


class Note:
    """A note that this thread holds, until the end of a ``with`` block."""

    def __init__(self, id: str, path: str, descriptor: int) -> None:
        self.id = id
        self._path = path
        self._descriptor = descriptor
        #: It goes at the end of the block.
        self.dropped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others hold it."""
        let_go(self._path, self._descriptor, remove=self.dropped)

    def say(self, **fields: object) -> None:
        """Write on: what is said later counts."""
        os.write(self._descriptor, json.dumps(fields).encode() + b"\n")

    def drop(self) -> None:
        """There is nothing more to be said about this sandbox: let the note go with the block."""
        self.dropped = True

    def read(self) -> Sandbox:
        """Say what the note is about.

        A damaged one proves nothing and is dropped: CleanupFailed says what may be left.
        """
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        with open(self._descriptor, "rb", closefd=False) as file:
            content = file.read()
        try:
            return _sandbox(self.id, content)
        except (ValueError, TypeError) as error:
            self.drop()
            raise CleanupFailed(
                f"the note about the sandbox {self.id} is damaged: a folder {self.id} beside its "
                "layers may be left, which only you can tell",
                problems=[error],
                container=self.id,
                backend="filter",
            ) from error


class Notes:
    """The notes below one directory; nothing is made before it is needed."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._notes = os.path.join(home, "sandboxes")

    def ids(self) -> list[str]:
        """Name all sandboxes, damaged notes' included; Unavailable if they are another user's."""
        if not is_there(self._notes):
            return []
        names = os.listdir(long(self._notes))
        return sorted(name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING))

    def create(self, sandbox: Sandbox) -> Note:
        """Write the first line about a sandbox that is about to be made.

        Raises AlreadyExists, and Unavailable if there can be no note.
        """
        path = self._path(sandbox.id)
        try:
            note = Note(sandbox.id, path, self._hold_new(path))
        except FileExistsError:
            raise AlreadyExists(
                f"there is a sandbox {sandbox.id} already",
                hint="choose another id, or remove what has it",
                container=sandbox.id,
                backend="filter",
            ) from None
        try:
            note.say(**{name: getattr(sandbox, name) for name in _KINDS if name not in _LATER})
        except BaseException:
            note.drop()
            note.close()
            raise
        return note

    def _hold_new(self, path: str) -> int:
        if not present(self._notes):
            for directory in (self._home, self._notes):
                private_directory(directory)
        return hold(path, os.O_CREAT | os.O_EXCL)

    def open(self, id: str) -> Note | None:
        """Hold the note about a sandbox; None if there is none."""
        if not is_there(self._notes):
            return None
        path = self._path(id)
        try:
            return Note(id, path, hold(path))
        except FileNotFoundError:
            return None

    def _path(self, id: str) -> str:
        return long(os.path.join(self._notes, id + _ENDING))


def _sandbox(id: str, content: bytes) -> Sandbox:
    """Make a sandbox of a note of which every field is what it should be; else ValueError."""
    document: dict[str, Any] = {"identity": None, "removing": False}
    for line in content.splitlines(keepends=True):
        if line.endswith(b"\n"):  # else whoever wrote it died over it
            document |= json.loads(line)
    _check(id, document)
    document["layers"] = tuple(map(str, document["layers"]))
    if document["identity"] is not None:
        volume, number = map(int, document["identity"])
        document["identity"] = (volume, number)
    return Sandbox(**document)


def _check(id: str, document: Mapping[str, Any]) -> None:
    if document.keys() != _KINDS.keys():
        raise ValueError(f"not the fields {', '.join(_KINDS)}")
    for name, kinds in _KINDS.items():
        if not isinstance(document[name], kinds):
            raise ValueError(f"{name}: {document[name]!r}")
    if document["id"].lower() != id.lower() or not os.path.isabs(document["home"]):
        raise ValueError(f"the note of {id} is about {document['id']} in {document['home']}")
