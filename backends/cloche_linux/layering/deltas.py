"""What differs between a container's root and its layers, found without mounting either.

An overlay's upper directory has just that; a root that is a copy is compared with its layers, file
by file: by kind, mode, owners, size and time, as no content is read. Both walk by descriptor,
through no link: the container may be running, and hostile.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from cloche.layers import ChangeKind
from cloche.values import Value
from cloche_linux.layering.lowers import DIRECTORY, open_beneath, status_beneath
from cloche_linux.layering.marks import is_opaque, is_whiteout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche_linux.layering.lowers import Lowers

__all__ = ["Delta", "of_copy", "of_upper"]


class Delta(Value):
    """One path that differs; what is gone has no status."""

    kind: ChangeKind
    path: bytes
    status: os.stat_result | None = None
    #: A directory that shows nothing of what lower layers have in it.
    opaque: bool = False
    #: Gone because a directory above it is opaque.
    covered: bool = False


def of_upper(upper: int, below: Lowers) -> Iterator[Delta]:
    """Tell what an overlay's upper directory changes; directories come before what is in them."""
    #: Directories, whether lower layers have them, too, and whether these are covered.
    todo = [(b"", True, False)]
    while todo:
        directory, known, covered = todo.pop()
        inside: list[tuple[bytes, bool, bool]] = []
        for path in _paths(upper, directory):
            status = status_beneath(upper, path)
            if status is None:  # gone meanwhile
                continue
            was = known and below.find(path) is not None
            opaque = was and stat.S_ISDIR(status.st_mode) and _opaque(upper, path)
            yield from _changed(path, status, was, opaque and not covered)
            if stat.S_ISDIR(status.st_mode):
                inside.append((path, was, covered or opaque))
        if covered and known:
            yield from _covered(upper, directory, below)
        todo += reversed(inside)


def _changed(path: bytes, status: os.stat_result, was: bool, opaque: bool) -> Iterator[Delta]:
    if not is_whiteout(status):
        kind = ChangeKind.MODIFIED if was else ChangeKind.ADDED
        yield Delta(kind, path, status, opaque)
    elif was:
        yield Delta(ChangeKind.DELETED, path)


def _covered(upper: int, directory: bytes, below: Lowers) -> Iterator[Delta]:
    """What lower layers have in a directory that shows nothing of theirs."""
    gone = {*_lower_paths(below, directory)} - {*_paths(upper, directory)}
    yield from (Delta(ChangeKind.DELETED, path, covered=True) for path in sorted(gone))


def of_copy(root: int, below: Lowers) -> Iterator[Delta]:
    """Tell how a copy of layers differs from them."""
    todo = [b""]
    while todo:
        directory = todo.pop()
        inside: list[bytes] = []
        for path in sorted({*_paths(root, directory), *_lower_paths(below, directory)}):
            status, was = status_beneath(root, path), below.find(path)
            if status is None and was is not None:
                yield Delta(ChangeKind.DELETED, path)
            elif status is not None and was is None:
                yield Delta(ChangeKind.ADDED, path, status)
            elif status is not None and was is not None and _looks(status) != _looks(was[1]):
                yield Delta(ChangeKind.MODIFIED, path, status)
            if status is not None and stat.S_ISDIR(status.st_mode):
                inside.append(path)
        todo += reversed(inside)


def _looks(status: os.stat_result) -> tuple[int, ...]:
    """What a change of a file changes, too; a directory's time tells of what is in it."""
    mode, time = status.st_mode, status.st_mtime_ns
    size = status.st_size if stat.S_ISREG(mode) else 0
    return mode, status.st_uid, status.st_gid, status.st_rdev, size, time


def _paths(root: int, directory: bytes) -> list[bytes]:
    """What lies in a directory, but for names that mean whiteouts in layers: fuse-overlayfs makes
    such files, too."""
    try:
        fd = open_beneath(root, directory, DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return []
    try:
        names = sorted(map(os.fsencode, os.listdir(fd)))
    finally:
        os.close(fd)
    names = [name for name in names if not name.startswith(b".wh.")]
    return [directory + b"/" + name if directory else name for name in names]


def _lower_paths(below: Lowers, directory: bytes) -> list[bytes]:
    found = below.find(directory)
    if found is None or not stat.S_ISDIR(found[1].st_mode):
        return []
    return [directory + b"/" + name if directory else name for name in below.names(directory)]


def _opaque(root: int, path: bytes) -> bool:
    fd = open_beneath(root, path, DIRECTORY)
    try:
        return is_opaque(fd)
    finally:
        os.close(fd)
