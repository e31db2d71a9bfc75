"""Layers one over the other, copied into a directory: a root that needs no overlay.

File data is shared with the layer where the file system can (FICLONE: btrfs, XFS), else the kernel
copies it, holes left out. The layers are ours, and nobody changes them meanwhile.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from typing import TYPE_CHECKING

from cloche_linux.layering.marks import is_opaque, is_overlays, is_whiteout
from cloche_linux.trees import remove_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["copy_layers"]

_FICLONE = 0x40049409
_CANNOT_CLONE = (errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS)
_MOST = 1 << 30


def copy_layers(layers: Sequence[str], root: str, *, owners: bool = True) -> None:
    """Copy layers, topmost first, into an empty directory. Raises OSError."""
    for layer in reversed(layers):
        _Copy(layer, root, owners=owners).run()


class _Copy:
    """One layer on its way over what is there."""

    def __init__(self, layer: str, root: str, *, owners: bool) -> None:
        self._layer = layer
        self._root = root
        self._owners = owners
        #: Files of several names, by inode: where the first one went.
        self._names: dict[int, str] = {}

    def run(self) -> None:
        folders = [("", os.stat(self._layer))]
        for path, _ in folders:  # grows
            if path and is_opaque(self._layer + path):
                _empty(self._root + path)
            with os.scandir(self._layer + path) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    status = entry.stat(follow_symlinks=False)
                    inside = f"{path}/{entry.name}"
                    self._place(inside, status)
                    if stat.S_ISDIR(status.st_mode):
                        folders.append((inside, status))
        for path, status in reversed(folders):
            self._attributes(self._layer + path, self._root + path, status)

    def _place(self, path: str, status: os.stat_result) -> None:
        target = self._root + path
        if is_whiteout(status):
            _clear(target)
        elif not stat.S_ISDIR(status.st_mode):
            _clear(target)
            self._file(path, target, status)
        elif not _is_directory(target):
            _clear(target)
            os.mkdir(target, 0o700)

    def _file(self, path: str, target: str, status: os.stat_result) -> None:
        first = self._names.setdefault(status.st_ino, target) if status.st_nlink > 1 else target
        if first != target:
            os.link(first, target, follow_symlinks=False)
            return
        source = self._layer + path
        if stat.S_ISREG(status.st_mode):
            _copy_data(source, target)
        elif stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(source), target)
        else:
            os.mknod(target, status.st_mode, status.st_rdev)
        self._attributes(source, target, status)

    def _attributes(self, source: str, target: str, status: os.stat_result) -> None:
        if self._owners:
            os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)
        for name in os.listxattr(source, follow_symlinks=False):
            if not is_overlays(name):
                value = os.getxattr(source, name, follow_symlinks=False)
                os.setxattr(target, name, value, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            os.chmod(target, stat.S_IMODE(status.st_mode))
        os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns), follow_symlinks=False)


def _is_directory(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def _clear(path: str) -> None:
    if _is_directory(path):
        remove_tree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _empty(directory: str) -> None:
    for name in os.listdir(directory):
        _clear(os.path.join(directory, name))


def _copy_data(source: str, target: str) -> None:
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            if not _clone(reading, writing):
                _copy_parts(reading, writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _clone(reading: int, writing: int) -> bool:
    try:
        fcntl.ioctl(writing, _FICLONE, reading)
    except OSError as error:
        if error.errno in _CANNOT_CLONE:
            return False
        raise
    return True


def _copy_parts(reading: int, writing: int) -> None:
    """Copy what is data; what lies between stays a hole."""
    size = os.fstat(reading).st_size
    end = 0
    while end < size:
        try:
            begin = os.lseek(reading, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:  # nothing but a hole until the end
                raise
            break
        end = os.lseek(reading, begin, os.SEEK_HOLE)
        _copy_part(reading, writing, begin, end)
    os.ftruncate(writing, size)


def _copy_part(reading: int, writing: int, begin: int, end: int) -> None:
    os.lseek(reading, begin, os.SEEK_SET)
    os.lseek(writing, begin, os.SEEK_SET)
    left = end - begin
    while left:
        copied = os.copy_file_range(reading, writing, min(left, _MOST))
        if copied == 0:
            return
        left -= copied
