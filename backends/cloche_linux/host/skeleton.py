"""The directory beneath a container over the host's root: copied once, shared by all.

It holds the listed parts of ``/etc`` as copies, the symbolic links of a merged ``/usr``, and empty
directories. It is made again when one of its sources changes.
"""

from __future__ import annotations

import os
import stat
from _blake2 import blake2b  # as hashlib's, without loading OpenSSL at every cold start
from functools import lru_cache
from typing import TYPE_CHECKING

from cloche_linux.host.allowed import EMPTY_DIRECTORIES, ETC, SYSTEM
from cloche_linux.trees import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["skeleton"]

#: Part of the fingerprint: a new way of making skeletons must not meet old ones.
_RECIPE = b"1"
_SOURCES = (*SYSTEM, *(f"etc/{name}" for name in ETC))
_WORLD_READABLE = stat.S_IROTH


def skeleton(home: str, root: str = "/") -> str:
    """Return the skeleton of ``root``'s system beneath ``home``, making it if need be.

    Two processes may make it at the same time: each makes its own, the first to finish stays.
    """
    place = os.path.join(home, _fingerprint(root))
    if not os.path.isdir(place):
        _make(place, root)
    return place


def _fingerprint(root: str) -> str:
    return _digest(tuple([_mark(os.path.join(root, name)) for name in _SOURCES]))


def _mark(path: str) -> tuple[int, ...] | None:
    """What changes when a file does; None if it is not there."""
    try:
        info = os.lstat(path)
    except OSError:
        return None
    return info.st_mode, info.st_mtime_ns, info.st_ctime_ns, info.st_size


@lru_cache
def _digest(marks: tuple[tuple[int, ...] | None, ...]) -> str:
    text = repr((_RECIPE, _SOURCES, marks))
    return blake2b(text.encode(), digest_size=12).hexdigest()


def _make(place: str, root: str) -> None:
    draft = f"{place}.{os.getpid()}.{os.urandom(4).hex()}"
    os.makedirs(os.path.dirname(place), 0o755, exist_ok=True)
    os.mkdir(draft, 0o755)
    try:
        _fill(draft, root)
        os.rename(draft, place)
    except OSError:
        remove_tree(draft)
        if not os.path.isdir(place):
            raise


def _fill(draft: str, root: str) -> None:
    os.chmod(draft, 0o755)  # noqa: S103 - a root directory; the umask had its say above
    for name, mode in EMPTY_DIRECTORIES:
        os.mkdir(os.path.join(draft, name))
        os.chmod(os.path.join(draft, name), mode)
    for name in SYSTEM:
        _alias_or_mount_point(draft, root, name)
    for name in ETC:
        _copy(os.path.join(root, "etc", name), os.path.join(draft, "etc", name))
    os.symlink("/proc/self/mounts", os.path.join(draft, "etc/mtab"))


def _alias_or_mount_point(draft: str, root: str, name: str) -> None:
    source, target = os.path.join(root, name), os.path.join(draft, name)
    if os.path.islink(source):
        os.symlink(os.readlink(source), target)
    elif os.path.isdir(source):
        os.mkdir(target, 0o755)


def _copy(source: str, target: str) -> None:
    """Copy what everyone may read; what is missing, or not for everyone, is left out."""
    try:
        info = os.lstat(source)
    except (FileNotFoundError, NotADirectoryError):
        return
    if stat.S_ISLNK(info.st_mode):
        os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
        os.symlink(os.readlink(source), target)
    elif stat.S_ISDIR(info.st_mode) and info.st_mode & _WORLD_READABLE:
        os.makedirs(target, 0o755, exist_ok=True)
        for name in _names(source):
            _copy(os.path.join(source, name), os.path.join(target, name))
    elif stat.S_ISREG(info.st_mode) and info.st_mode & _WORLD_READABLE:
        _copy_file(source, target, info.st_mode)


def _names(directory: str) -> Iterator[str]:
    with os.scandir(directory) as entries:
        yield from sorted(entry.name for entry in entries)


def _copy_file(source: str, target: str, mode: int) -> None:
    os.makedirs(os.path.dirname(target), 0o755, exist_ok=True)
    reader = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        writer = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            while os.sendfile(writer, reader, None, 1 << 20):
                pass
            os.fchmod(writer, mode & 0o755)
        finally:
            os.close(writer)
    finally:
        os.close(reader)
