"""Copy files between this machine and a container, without any program of the container's."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloche.beneath import Place, file_errors, find, open_directory, place_of
from cloche.errors import InvalidSpec
from cloche.placing import (
    PERMISSIONS,
    make_directory,
    make_file,
    make_link,
    settle,
    settle_link,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["copy_in", "copy_out"]

_CHUNK = 1 << 20
_DEEPEST = 200


def copy_in(
    root: int, source: str, target: str, *, owners: bool = False, follow: bool = False
) -> None:
    """Copy from this machine into the container; missing directories of ``target`` are made."""
    name = os.path.basename(os.path.abspath(source))
    with file_errors(source), place_of(os.path.realpath(source) if follow else source) as origin:
        if origin.kind() is None:
            raise FileNotFoundError
        with file_errors(target), find(root, target, make=True) as place:
            if target.endswith("/") and place.kind() is None:
                os.mkdir(place.name, 0o755, dir_fd=place.directory)
            _copy_to(origin, "" if origin.name == "." else name, place, owners=owners)


def copy_out(
    root: int, source: str, target: str, *, owners: bool = False, follow: bool = False
) -> None:
    """Copy from the container to this machine; the directory of ``target`` has to exist."""
    name = os.path.basename(source.rstrip("/"))
    with file_errors(source), _origin(root, source, follow=follow) as origin:
        if origin.kind() is None:
            raise FileNotFoundError
        with file_errors(target), place_of(os.path.realpath(target)) as place:
            if target.endswith(os.sep) and not place.is_directory():
                raise NotADirectoryError(20, "not a directory", target)
            _copy_to(origin, "" if origin.name == "." else name, place, owners=owners)


@contextmanager
def _origin(root: int, source: str, *, follow: bool) -> Iterator[Place]:
    """Find what is to be copied; as on this machine, ``dir/.`` is what is in the directory."""
    inside = os.path.basename(source) in (".", "..")
    with find(root, source, follow=follow or inside) as place:
        if not inside or place.name == ".":
            yield place
            return
        directory = open_directory(place.name, place.directory)
        try:
            yield Place(directory, ".")
        finally:
            os.close(directory)


def _copy_to(origin: Place, name: str, place: Place, *, owners: bool) -> None:
    """Into a directory under the origin's own name, else to the place itself."""
    if not place.is_directory():
        _copy(origin, place, 0, owners=owners)
        return
    directory = open_directory(place.name, place.directory)
    try:
        if name:
            _copy(origin, Place(directory, name), 0, owners=owners)
        else:
            _copy_tree(origin, place, 0, owners=owners)
    finally:
        os.close(directory)


def _copy(origin: Place, place: Place, depth: int, *, owners: bool) -> None:
    kind = origin.kind()
    if kind is None:
        raise FileNotFoundError
    if stat.S_ISDIR(kind):
        _copy_tree(origin, place, depth, owners=owners)
    elif stat.S_ISLNK(kind):
        found = os.stat(origin.name, dir_fd=origin.directory, follow_symlinks=False)
        make_link(place, os.readlink(origin.name, dir_fd=origin.directory))
        settle_link(place, found, owners=owners)
    elif stat.S_ISREG(kind):
        _copy_file(origin, place, owners=owners)
    else:
        raise InvalidSpec(f"{origin.name} is a device, socket or FIFO: not copied", path="source")


def _copy_tree(origin: Place, place: Place, depth: int, *, owners: bool) -> None:
    if depth > _DEEPEST:
        raise InvalidSpec(f"{origin.name}: more than {_DEEPEST} directories deep", path="source")
    source = open_directory(origin.name, origin.directory)
    try:
        found = os.fstat(source)
        made = make_directory(place, stat.S_IMODE(found.st_mode) & PERMISSIONS)
        target = open_directory(place.name, place.directory)
        try:
            for name in os.listdir(source):
                _copy(Place(source, name), Place(target, name), depth + 1, owners=owners)
            if made:
                settle(target, found, owners=owners, mode=None)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _copy_file(origin: Place, place: Place, *, owners: bool) -> None:
    source = origin.open_file(os.O_RDONLY)
    try:
        found = os.fstat(source)
        target = make_file(place)
        try:
            while chunk := os.read(source, _CHUNK):
                _write_all(target, chunk)
            settle(target, found, owners=owners, mode=stat.S_IMODE(found.st_mode) & PERMISSIONS)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _write_all(fd: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
