"""The root of a container that has no mounts of its own: what is mounted there is on the host.

All of it is in one mount over the root's directory, and goes when that is taken away. Its place is
noted before it is made, so that whoever comes later finds it, also when its maker died.
"""

from __future__ import annotations

import os
from contextlib import suppress

from cloche import documents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SharedMounts"]

_NOTE = "mounts.json"
#: A specification may mount something over the root once more.
_MOST = 16


class SharedMounts:
    """What one container has mounted among the host's mounts, if anything."""

    __slots__ = ("_path",)

    def __init__(self, state: Path | str) -> None:
        self._path = f"{state}/{_NOTE}"

    def note(self, root: str) -> None:
        """Note where it is going to be, and what is mounted there now."""
        note = documents.write({"root": root, "below": _mount_at(root)})
        draft = f"{self._path}.new"
        with open(draft, "wb") as file:
            file.write(note)
        os.replace(draft, self._path)

    def noted(self) -> bool:
        """Say whether there may be something to take away."""
        return os.path.exists(self._path)

    def remove(self) -> None:
        """Take it away, and the note; repeatable, and nothing happens without a note.

        Raises OSError if it can't be taken away.
        """
        try:
            with open(self._path, "rb") as file:
                note = documents.parse(file.read())
        except FileNotFoundError:
            return
        from cloche_linux.calls import detach

        root, below = str(note["root"]), note["below"]
        for _ in range(_MOST):
            if _mount_at(root) in (None, below):
                break
            detach(root)
        with suppress(FileNotFoundError):
            os.unlink(self._path)


def _mount_at(path: str) -> int | None:
    """The id of the mount that a path leads to; None if it leads nowhere."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as lines:
            fields = dict(line.split(":", 1) for line in lines)
    finally:
        os.close(descriptor)
    return int(fields["mnt_id"])
