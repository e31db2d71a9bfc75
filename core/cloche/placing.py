"""Put files, directories and links in their places, whatever is there and whoever looks on.

Rights over other users (set-uid and its like) are never given to what is copied.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from cloche.beneath import NEW
from cloche.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche.beneath import Place

__all__ = [
    "PERMISSIONS",
    "Found",
    "make_directory",
    "make_file",
    "make_link",
    "make_room",
    "settle",
    "settle_link",
]

#: Permissions that are copied.
PERMISSIONS = 0o777


class Found(Protocol):
    """What is copied beside contents and permissions, in the words of ``os.stat``."""

    @property
    def st_uid(self) -> int:
        """Its owner."""
        ...

    @property
    def st_gid(self) -> int:
        """Its group."""
        ...

    @property
    def st_mtime_ns(self) -> int:
        """When it was changed, in nanoseconds since 1970."""
        ...


def make_directory(place: Place, permissions: int) -> bool:
    """Make a directory; False if there is one, which stays as it is. Anything else makes room."""
    try:
        os.mkdir(place.name, permissions | 0o700, dir_fd=place.directory)
    except FileExistsError:
        if place.is_directory():
            return False
        make_room(place)
        os.mkdir(place.name, permissions | 0o700, dir_fd=place.directory)
    return True


def make_file(place: Place) -> int:
    """Open a new file in the place of whatever is there; its owner's alone until it is settled."""
    make_room(place)
    return os.open(place.name, NEW, 0o600, dir_fd=place.directory)


def make_link(place: Place, target: str) -> None:
    """Make a symbolic link in the place of whatever is there."""
    make_room(place)
    os.symlink(target, place.name, dir_fd=place.directory)


def make_room(place: Place) -> None:
    """Take away a file that is in the way: what is copied is new, and shared with nobody."""
    try:
        os.unlink(place.name, dir_fd=place.directory)
    except FileNotFoundError:
        return


if sys.platform == "win32":  # directories are not walked by descriptor there, so nobody comes here

    def settle(fd: int, found: Found, *, owners: bool, mode: int | None) -> None:
        """Leave it as it is."""

    def settle_link(place: Place, found: Found, *, owners: bool) -> None:
        """Leave it as it is."""

else:

    def settle(fd: int, found: Found, *, owners: bool, mode: int | None) -> None:
        """Give an open file its time, its permissions (None: as they are), and its owners.

        Raises Unavailable for owners whom only root can name.
        """
        if owners and not _same(os.fstat(fd), found):
            with _only_root():
                os.fchown(fd, found.st_uid, found.st_gid)
        if mode is not None:
            os.fchmod(fd, mode)
        os.utime(fd, ns=(found.st_mtime_ns, found.st_mtime_ns))

    def settle_link(place: Place, found: Found, *, owners: bool) -> None:
        """Give a link its time, and its owners."""
        name, fd = place.name, place.directory
        if owners and not _same(os.stat(name, dir_fd=fd, follow_symlinks=False), found):
            with _only_root():
                os.chown(name, found.st_uid, found.st_gid, dir_fd=fd, follow_symlinks=False)
        times = (found.st_mtime_ns, found.st_mtime_ns)
        os.utime(name, ns=times, dir_fd=fd, follow_symlinks=False)


def _same(one: Found, other: Found) -> bool:
    return (one.st_uid, one.st_gid) == (other.st_uid, other.st_gid)


@contextmanager
def _only_root() -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise Unavailable(
            "owners: only root can give files away", remedy="run as root, or don't keep owners"
        ) from None
