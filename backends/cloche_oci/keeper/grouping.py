"""Taking control groups away, with all that is in them."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

__all__ = ["places", "remove"]

_ROOT = "/sys/fs/cgroup"
_PATIENCE = 5.0


def places(path: str) -> list[str]:
    """Find the directories of a group, in whichever hierarchies there are."""
    try:
        hierarchies = [entry.path for entry in os.scandir(_ROOT) if entry.is_dir()]
    except FileNotFoundError:
        return []
    found = {os.path.realpath(top) + path for top in (_ROOT, *hierarchies)}
    return sorted(place for place in found if os.path.isdir(place))


def remove(path: str) -> None:
    """Take a group away, and end what is still in there; repeatable.

    Raises OSError if it can't be done in five seconds.
    """
    deadline = time.monotonic() + _PATIENCE
    for place in places(path):
        while True:
            try:
                _remove(place)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def _remove(place: str) -> None:
    for directory, _, _ in os.walk(place, topdown=False):
        for pid in _members(directory):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(FileNotFoundError):
            os.rmdir(directory)


def _members(directory: str) -> list[int]:
    try:
        with open(os.path.join(directory, "cgroup.procs"), encoding="ascii") as file:
            return [int(line) for line in file]
    except OSError:  # it is gone, or has no members of its own (threaded)
        return []
