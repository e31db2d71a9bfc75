"""Read, write and copy files of a container, without any program of the container's."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloche.beneath import Place, file_errors, find, open_directory, place_of
from cloche.errors import InvalidSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche.runtime import RuntimeContainer

__all__ = ["copy_in", "copy_out", "read", "root_of", "write"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
if sys.platform != "win32":
    _NEW |= os.O_CLOEXEC | os.O_NOFOLLOW
_CHUNK = 1 << 20
_DEEPEST = 200
#: Permissions that are copied: rights over other users' (set-uid and its like) are not.
_PERMISSIONS = 0o777


@contextmanager
def root_of(container: RuntimeContainer) -> Iterator[int]:
    """Open the root as the container sees it; NotSupported if its runtime can't show it.

    On Windows none can: directories are not walked by descriptor there.
    """
    root = container.root_descriptor()
    try:
        yield root
    finally:
        os.close(root)


def read(root: int, path: str) -> bytes:
    """Read a whole file; NotFound if there is none, InvalidSpec for what is no regular file."""
    with file_errors(path), find(root, path) as place:
        fd = place.open_file(os.O_RDONLY)
        with open(fd, "rb") as file:
            return file.read()


def write(root: int, path: str, data: bytes) -> None:
    """Write a whole file, in place if there is one; missing directories are made."""
    with file_errors(path), find(root, path, make=True) as place:
        if place.kind() is None:
            fd = os.open(place.name, _NEW, 0o644, dir_fd=place.directory)
        else:
            fd = place.open_file(os.O_WRONLY | os.O_TRUNC)
        with open(fd, "wb") as file:
            file.write(data)


def copy_in(root: int, source: str, target: str) -> None:
    """Copy from this machine into the container; missing directories of ``target`` are made."""
    with file_errors(source), place_of(source) as origin:
        if origin.kind() is None:
            raise FileNotFoundError
        with file_errors(target), find(root, target, make=True) as place:
            _copy_to(origin, place)


def copy_out(root: int, source: str, target: str) -> None:
    """Copy from the container to this machine; the directory of ``target`` has to exist."""
    with file_errors(source), find(root, source, follow=False) as origin:
        if origin.kind() is None:
            raise FileNotFoundError
        with file_errors(target), place_of(os.path.realpath(target)) as place:
            _copy_to(origin, place)


def _copy_to(origin: Place, place: Place) -> None:
    """Into a directory under the origin's own name, else to the place itself."""
    if not place.is_directory():
        _copy(origin, place, 0)
        return
    name = "" if origin.name == "." else origin.name
    directory = open_directory(place.name, place.directory)
    try:
        if name:
            _copy(origin, Place(directory, name), 0)
        else:
            _copy_tree(origin, place, 0)
    finally:
        os.close(directory)


def _copy(origin: Place, place: Place, depth: int) -> None:
    kind = origin.kind()
    if kind is None:
        raise FileNotFoundError
    if stat.S_ISDIR(kind):
        _copy_tree(origin, place, depth)
    elif stat.S_ISLNK(kind):
        target = os.readlink(origin.name, dir_fd=origin.directory)
        _make_room(place)
        os.symlink(target, place.name, dir_fd=place.directory)
    elif stat.S_ISREG(kind):
        _copy_file(origin, place)
    else:
        raise InvalidSpec(f"{origin.name} is a device, socket or FIFO: not copied", path="source")


def _copy_tree(origin: Place, place: Place, depth: int) -> None:
    if depth > _DEEPEST:
        raise InvalidSpec(f"{origin.name}: more than {_DEEPEST} directories deep", path="source")
    source = open_directory(origin.name, origin.directory)
    try:
        _make_directory(place, stat.S_IMODE(os.fstat(source).st_mode) & _PERMISSIONS)
        target = open_directory(place.name, place.directory)
        try:
            for name in os.listdir(source):
                _copy(Place(source, name), Place(target, name), depth + 1)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _make_directory(place: Place, permissions: int) -> None:
    try:
        os.mkdir(place.name, permissions | 0o700, dir_fd=place.directory)
    except FileExistsError:
        if not place.is_directory():
            _make_room(place)
            os.mkdir(place.name, permissions | 0o700, dir_fd=place.directory)


def _copy_file(origin: Place, place: Place) -> None:
    source = origin.open_file(os.O_RDONLY)
    try:
        permissions = stat.S_IMODE(os.fstat(source).st_mode) & _PERMISSIONS
        _make_room(place)
        target = os.open(place.name, _NEW, 0o600, dir_fd=place.directory)
        try:
            while chunk := os.read(source, _CHUNK):
                _write_all(target, chunk)
            if sys.platform != "win32":
                os.fchmod(target, permissions)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _write_all(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def _make_room(place: Place) -> None:
    """Take away a file that is in the way: what is copied is new, and shared with nobody."""
    try:
        os.unlink(place.name, dir_fd=place.directory)
    except FileNotFoundError:
        return
