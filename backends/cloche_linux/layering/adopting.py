"""Directories that a layer has without saying what they are: they are what lower layers say.

Many archives name a file and not the directories it lies in. In an overlay the topmost layer that
has a directory decides on its owner and mode, so those are taken over from below, as containerd
does; otherwise `/tmp` would lose its mode by an image that adds a file to it.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from cloche_linux.calls import openat2
from cloche_linux.kernel import Resolve
from cloche_linux.layering.marks import is_opaque, is_overlays

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["adopt"]

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_BENEATH = Resolve.BENEATH | Resolve.NO_SYMLINKS | Resolve.NO_XDEV


def adopt(
    layer: int, implied: Iterable[bytes], parents: Sequence[str], *, owners: bool = True
) -> None:
    """Give ``implied`` directories of an open layer what the layers below say of them.

    ``parents`` are the directories of those, topmost first. Raises OSError.
    """
    below = [os.open(parent, _DIRECTORY) for parent in parents]
    try:
        for path in implied:
            _adopt(layer, path, below, owners)
    finally:
        for fd in below:
            os.close(fd)


def _adopt(layer: int, path: bytes, below: list[int], owners: bool) -> None:
    for parent in below:
        found = _open(parent, path)
        if found is not None:
            ours = _open(layer, path)
            assert ours is not None
            try:
                _take_over(found, ours, owners)
            finally:
                os.close(found)
                os.close(ours)
            return
        if _hides(parent, path):
            return


def _open(layer: int, path: bytes) -> int | None:
    try:
        return openat2(layer, path, _DIRECTORY, resolve=_BENEATH)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise


def _hides(layer: int, path: bytes) -> bool:
    """Whether a layer that has no such directory keeps lower ones from having it, too."""
    parts = path.split(b"/")
    for depth in range(len(parts) + 1):
        prefix = b"/".join(parts[:depth]) or b"."
        fd = _open(layer, prefix)
        if fd is None:
            return _is_there(layer, prefix)
        try:
            if is_opaque(fd):
                return True
        finally:
            os.close(fd)
    return False


def _is_there(layer: int, path: bytes) -> bool:
    """Whether there is a file, a link or a whiteout in a directory's place."""
    try:
        os.close(openat2(layer, path, os.O_PATH | os.O_NOFOLLOW, resolve=Resolve.BENEATH))
    except FileNotFoundError:
        return False
    return True


def _take_over(source: int, target: int, owners: bool) -> None:
    status = os.fstat(source)
    if owners:
        os.fchown(target, status.st_uid, status.st_gid)
    for name in os.listxattr(source):
        if not is_overlays(name):
            os.setxattr(target, name, os.getxattr(source, name))
    os.fchmod(target, status.st_mode & 0o7777)
    os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))
