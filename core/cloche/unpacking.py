"""Unpack tar archives into a container, in one go: no seeking, no second copy."""

from __future__ import annotations

import os
import stat
import tarfile
from typing import TYPE_CHECKING, NamedTuple

from cloche.beneath import Place, file_errors, find, open_directory
from cloche.errors import InvalidSpec
from cloche.placing import (
    PERMISSIONS,
    make_directory,
    make_file,
    make_link,
    make_room,
    settle,
    settle_link,
)

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["unpack"]

_CHUNK = 1 << 20
_BILLION = 1_000_000_000


def unpack(root: int, file: BinaryIO, target: str, *, owners: bool = False) -> None:
    """Unpack into a directory of the container, which has to exist."""
    with file_errors(target), find(root, target) as place:
        os.close(open_directory(place.name, place.directory))
    unpacking = _Unpacking(root, target.rstrip("/"), owners=owners)
    try:
        with tarfile.open(fileobj=file, mode="r|*") as archive:
            for entry in archive:
                with file_errors(entry.name):
                    unpacking.put(archive, entry)
    except (tarfile.TarError, EOFError) as error:
        raise InvalidSpec(f"this is no tar archive, or not all of it: {error}") from error
    unpacking.finish()


class _Found(NamedTuple):
    """What an entry says beside its contents."""

    st_uid: int
    st_gid: int
    st_mtime_ns: int


def _nanoseconds(seconds: float) -> int:
    """A time, whose whole part leaves no room for nanoseconds in one float."""
    whole, part = divmod(seconds, 1)
    return int(whole) * _BILLION + round(part * _BILLION)


class _Unpacking:
    def __init__(self, root: int, target: str, *, owners: bool) -> None:
        self._root = root
        self._target = target
        self._owners = owners
        #: Directories that were made, whose times change as long as files come into them.
        self._made: list[tuple[str, _Found]] = []

    def put(self, archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
        path = self._path(entry.name)
        found = _Found(entry.uid, entry.gid, _nanoseconds(entry.mtime))
        with find(self._root, path, make=True, follow=False) as place:
            if entry.isdir():
                if make_directory(place, entry.mode & PERMISSIONS):
                    self._made.append((path, found))
            elif entry.isreg():
                self._put_file(archive, entry, place, found)
            elif entry.issym():
                make_link(place, entry.linkname)
                settle_link(place, found, owners=self._owners)
            elif entry.islnk():
                self._put_name(entry, place)
            else:
                raise InvalidSpec(f"{entry.name} is a device or FIFO: not unpacked", path="source")

    def _path(self, name: str) -> str:
        if ".." in name.split("/"):
            raise InvalidSpec(f"{name} leads upwards: not unpacked", path="source")
        return f"{self._target}/{name}"

    def _put_file(
        self, archive: tarfile.TarFile, entry: tarfile.TarInfo, place: Place, found: _Found
    ) -> None:
        content = archive.extractfile(entry)
        assert content is not None
        with open(make_file(place), "wb") as file:
            while chunk := content.read(_CHUNK):
                file.write(chunk)
            file.flush()
            mode = entry.mode & PERMISSIONS
            settle(file.fileno(), found, owners=self._owners, mode=mode)

    def _put_name(self, entry: tarfile.TarInfo, place: Place) -> None:
        """A further name of a file that came before; none is given to a file of another kind."""
        with find(self._root, self._path(entry.linkname), follow=False) as origin:
            kind = origin.kind()
            if kind is None or not stat.S_ISREG(kind):
                raise InvalidSpec(f"{entry.name}: {entry.linkname} is no file", path="source")
            make_room(place)
            os.link(
                origin.name,
                place.name,
                src_dir_fd=origin.directory,
                dst_dir_fd=place.directory,
                follow_symlinks=False,
            )

    def finish(self) -> None:
        """Give directories their times, the deepest first."""
        for path, found in reversed(self._made):
            with file_errors(path), find(self._root, path, follow=False) as place:
                directory = open_directory(place.name, place.directory)
                try:
                    settle(directory, found, owners=self._owners, mode=None)
                finally:
                    os.close(directory)
