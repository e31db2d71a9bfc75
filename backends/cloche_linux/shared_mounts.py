"""The root of a container that has no mounts of its own: what is mounted there is on the host.

All of it is in one mount over the root's directory, and goes when that is taken away. Its place is
noted before it is made, so that whoever comes later finds it, also when its maker died.
"""

from __future__ import annotations

import os
from contextlib import suppress

from cloche import documents
from cloche_linux.noting import put_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SharedMounts"]

_NOTE = "mounts.json"


class SharedMounts:
    """What one container has mounted among the host's mounts, if anything."""

    __slots__ = ("_path", "_state")

    def __init__(self, state: Path | str) -> None:
        self._state = str(state)
        self._path = f"{state}/{_NOTE}"

    def note(self, root: str) -> None:
        """Note where it is going to be, and what is mounted there now."""
        from cloche_linux.stacked_roots import StackedRoots

        root = os.path.realpath(root)
        put_note(self._path, documents.write({"root": root}))
        StackedRoots(root).enter(self._path)

    def made(self, pid: int) -> None:
        """Note which mount it has become: the root of the process ``pid``, its first."""
        from cloche_linux.stacked_roots import StackedRoots

        StackedRoots(self._root()).settle(self._path, pid)

    def noted(self) -> bool:
        """Say whether there may be something to take away."""
        return os.path.exists(self._path)

    def remove(self) -> None:
        """Take it away, and the note; repeatable, and nothing happens without a note.

        What other containers' roots are mounted over goes with the last of those.
        Raises OSError if it can't be taken away.
        """
        try:
            root = self._root()
        except FileNotFoundError:
            return
        from cloche_linux.stacked_roots import StackedRoots

        StackedRoots(root).leave(self._path)
        with suppress(FileNotFoundError):
            os.unlink(self._path)

    def _root(self) -> str:
        with open(self._path, "rb") as file:
            return str(documents.parse(file.read())["root"])
