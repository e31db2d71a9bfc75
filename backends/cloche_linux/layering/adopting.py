"""Directories that a layer has without saying what they are: they are what lower layers say.

Many archives name a file and not the directories it lies in. In an overlay the topmost layer that
has a directory decides on its owner and mode, so those are taken over from below, as containerd
does; otherwise `/tmp` would lose its mode by an image that adds a file to it.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from cloche_linux.layering.lowers import DIRECTORY, lowers, open_beneath
from cloche_linux.layering.marks import is_overlays

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["adopt"]


def adopt(
    layer: int, implied: Iterable[bytes], parents: Sequence[str], *, owners: bool = True
) -> None:
    """Give ``implied`` directories of an open layer what the layers below say of them.

    ``parents`` are the directories of those, topmost first. Raises OSError.
    """
    with lowers(parents) as below:
        for path in implied:
            found = below.find(path)
            if found is not None and stat.S_ISDIR(found[1].st_mode):
                _take_over(found[0], layer, path, owners)


def _take_over(source: int, target: int, path: bytes, owners: bool) -> None:
    theirs = open_beneath(source, path, DIRECTORY)
    try:
        ours = open_beneath(target, path, DIRECTORY)
        try:
            _copy(theirs, ours, owners)
        finally:
            os.close(ours)
    finally:
        os.close(theirs)


def _copy(source: int, target: int, owners: bool) -> None:
    status = os.fstat(source)
    if owners:
        os.fchown(target, status.st_uid, status.st_gid)
    for name in os.listxattr(source):
        if not is_overlays(name):
            os.setxattr(target, name, os.getxattr(source, name))
    os.fchmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))
