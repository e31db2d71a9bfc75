"""Files of a container as tar archives, written and read in one go: no seeking, no second copy."""

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

__all__ = ["pack", "unpack"]

_CHUNK = 1 << 20
_DEEPEST = 200
_BILLION = 1_000_000_000


def pack(root: int, source: str, file: BinaryIO, *, follow: bool = False) -> None:
    """Write what is at ``source`` in the container; of ``dir/.`` the names begin with ``./``."""
    name = os.path.basename(source.rstrip("/")) or "."
    with file_errors(source), find(root, source, follow=follow or name == ".") as origin:
        if origin.kind() is None:
            raise FileNotFoundError
        with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            _Packing(archive).add(origin, name, 0)


class _Packing:
    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._seen: dict[tuple[int, int], str] = {}

    def add(self, place: Place, name: str, depth: int) -> None:
        found = os.stat(place.name, dir_fd=place.directory, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            self._add_tree(place, name, depth)
        elif stat.S_ISLNK(found.st_mode):
            entry = _entry(name, found, tarfile.SYMTYPE)
            entry.linkname = os.readlink(place.name, dir_fd=place.directory)
            self._archive.addfile(entry)
        elif stat.S_ISREG(found.st_mode):
            self._add_file(place, name)
        else:
            raise InvalidSpec(f"{name} is a device, socket or FIFO: not copied", path="source")

    def _add_tree(self, place: Place, name: str, depth: int) -> None:
        if depth > _DEEPEST:
            raise InvalidSpec(f"{name}: more than {_DEEPEST} directories deep", path="source")
        directory = open_directory(place.name, place.directory)
        try:
            self._archive.addfile(_entry(name, os.fstat(directory), tarfile.DIRTYPE))
            for each in sorted(os.listdir(directory)):
                self.add(Place(directory, each), f"{name}/{each}", depth + 1)
        finally:
            os.close(directory)

    def _add_file(self, place: Place, name: str) -> None:
        with open(place.open_file(os.O_RDONLY), "rb") as content:
            found = os.fstat(content.fileno())
            identity = (found.st_dev, found.st_ino)
            if found.st_nlink > 1 and identity in self._seen:
                entry = _entry(name, found, tarfile.LNKTYPE)
                entry.linkname = self._seen[identity]
                self._archive.addfile(entry)
                return
            self._seen[identity] = name
            entry = _entry(name, found, tarfile.REGTYPE)
            entry.size = found.st_size
            self._archive.addfile(entry, content)


def _entry(name: str, found: os.stat_result, kind: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.mode = stat.S_IMODE(found.st_mode)
    entry.uid, entry.gid = found.st_uid, found.st_gid
    entry.mtime = found.st_mtime
    return entry


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
