"""Taking a group's directory away while the last of its processes are still dying."""

from __future__ import annotations

import errno
import os
import time

from cloche.errors import CleanupFailed
from cloche_linux.cgroups.files import read_pids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche_linux.cgroups.node import Node

__all__ = ["PATIENCE", "remove"]

#: Seconds that dying processes get to be gone.
PATIENCE = 5.0

_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.05


def remove(node: Node, *, patience: float = PATIENCE) -> None:
    """Remove the directory and all groups that were made in it; repeatable.

    A directory that is not the one that was made is left alone, and so is one that was there
    before. Raises CleanupFailed if processes are still there after ``patience`` seconds: none is
    ended here.
    """
    deadline, pause = time.monotonic() + patience, _FIRST_PAUSE
    while not node.found and node.exists() and (error := _try(node.path)) is not None:
        if time.monotonic() > deadline:
            raise _remains(node, error) from error
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _try(path: str) -> OSError | None:
    """Remove from the leaves up; the error if something is still busy."""
    try:
        os.rmdir(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.ENOTEMPTY):
            return error
        for child in _children(path):
            _try(child)
        return error
    return None


def _children(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _remains(node: Node, error: OSError) -> CleanupFailed:
    pids = ", ".join(map(str, read_pids(node.path))) or "none of its own"
    message = f"the control group {node.path} can't be removed; processes in it: {pids}"
    return CleanupFailed(message, problems=[error])
