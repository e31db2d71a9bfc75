"""Where containers are tried: a private directory for a moment, also if its user is killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["trial_place"]

_PREFIX = "cloche-oci-"
#: Seconds after which a directory that nobody holds is nobody's: its maker holds it at once.
_AGE = 60.0


@contextmanager
def trial_place() -> Iterator[Path]:
    """Make a directory that is gone afterwards; those of others that were killed go before.

    A container that was tried there has ended with whoever tried it, by its keeper.
    """
    _take_abandoned_away()
    place = Path(tempfile.mkdtemp(prefix=_PREFIX))
    held = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield place
    finally:
        shutil.rmtree(place)
        os.close(held)


def _take_abandoned_away() -> None:
    with os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX):
                with suppress(OSError):  # another takes it away just now, or it is not ours
                    _take_away(entry)


def _take_away(entry: os.DirEntry[str]) -> None:
    found = entry.stat(follow_symlinks=False)
    if found.st_uid != os.geteuid() or time.time() - found.st_mtime < _AGE:
        return
    opened = os.open(entry.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(entry.path)
    finally:
        os.close(opened)
