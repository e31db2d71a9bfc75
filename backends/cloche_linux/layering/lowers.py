"""What layers show together, without being mounted: whose a path is, and what lies in it."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloche_linux.calls import openat2
from cloche_linux.kernel import Resolve
from cloche_linux.layering.marks import is_opaque, is_whiteout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["DIRECTORY", "Lowers", "lowers", "open_beneath", "status_beneath"]

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_BENEATH = Resolve.BENEATH | Resolve.NO_SYMLINKS | Resolve.NO_XDEV
_ABSENT = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


def open_beneath(root: int, path: bytes, flags: int) -> int:
    """Open what lies beneath an open directory, through no link. Raises OSError."""
    return openat2(root, path or b".", flags | os.O_NOFOLLOW, resolve=_BENEATH)


def status_beneath(root: int, path: bytes) -> os.stat_result | None:
    """What lies beneath an open directory; None for nothing, and beneath a file or a link."""
    try:
        fd = open_beneath(root, path, os.O_PATH)
    except OSError as error:
        if error.errno in _ABSENT:
            return None
        raise
    try:
        return os.fstat(fd)
    finally:
        os.close(fd)


@contextmanager
def lowers(paths: Sequence[str]) -> Iterator[Lowers]:
    """Open layers, topmost first."""
    opened: list[int] = []
    try:
        for path in paths:
            opened.append(os.open(path, DIRECTORY))
        yield Lowers(opened)
    finally:
        for fd in opened:
            os.close(fd)


class Lowers:
    """Layers by their descriptors, topmost first."""

    def __init__(self, layers: Sequence[int]) -> None:
        self._layers = layers

    def find(self, path: bytes) -> tuple[int, os.stat_result] | None:
        """Say which layer shows a path, and what it is there; None if it is not to be seen."""
        for layer in self._layers:
            status = status_beneath(layer, path)
            if status is not None:
                return None if is_whiteout(status) else (layer, status)
            if self._hides(layer, path):
                return None
        return None

    def names(self, path: bytes) -> set[bytes]:
        """Name what is to be seen in a directory."""
        shown, gone = set[bytes](), set[bytes]()
        for layer in self._layers:
            status = status_beneath(layer, path)
            if status is not None and not stat.S_ISDIR(status.st_mode):
                break
            if status is not None:
                self._list(layer, path, shown, gone)
            if self._hides(layer, path):
                break
        return shown

    def _list(self, layer: int, path: bytes, shown: set[bytes], gone: set[bytes]) -> None:
        directory = open_beneath(layer, path, DIRECTORY)
        try:
            for name in map(os.fsencode, os.listdir(directory)):
                status = os.stat(name, dir_fd=directory, follow_symlinks=False)
                if is_whiteout(status):
                    gone.add(name)
                elif name not in gone:
                    shown.add(name)
            gone |= shown
        finally:
            os.close(directory)

    def _hides(self, layer: int, path: bytes) -> bool:
        """Whether a layer keeps those below it from showing what they have at a path."""
        parts = path.split(b"/") if path else []
        for depth in range(len(parts) + 1):
            prefix = b"/".join(parts[:depth])
            status = status_beneath(layer, prefix)
            if status is None:
                return False
            if not stat.S_ISDIR(status.st_mode) or self._is_opaque(layer, prefix):
                return True
        return False

    def _is_opaque(self, layer: int, path: bytes) -> bool:
        directory = open_beneath(layer, path, DIRECTORY)
        try:
            return is_opaque(directory)
        finally:
            os.close(directory)
