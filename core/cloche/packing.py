"""Pack files of a container into tar archives, in one go: no seeking, no second copy."""

from __future__ import annotations

import os
import stat
import sys
import tarfile
from typing import TYPE_CHECKING

from cloche.beneath import Place, file_errors, find, open_directory
from cloche.errors import InvalidSpec

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["export", "pack"]

_DEEPEST = 200
_NODES = {
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
}
_NAMED = getattr(os, "O_PATH", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def pack(root: int, source: str, file: BinaryIO, *, follow: bool = False) -> None:
    """Write what is at ``source`` in the container; of ``dir/.`` the names begin with ``./``."""
    name = os.path.basename(source.rstrip("/")) or "."
    with file_errors(source), find(root, source, follow=follow or name == ".") as origin:
        if origin.kind() is None:
            raise FileNotFoundError
        with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            _Packing(archive).add(origin, name, 0)


def export(root: int, file: BinaryIO) -> None:
    """Write the whole root, names without a beginning; of what is mounted over it the places."""
    with (
        file_errors("/"),
        tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        top = open_directory(".", root)
        try:
            packing = _Exporting(archive, top)
            for name in sorted(os.listdir(top)):
                packing.add(Place(top, name), name, 1)
        finally:
            os.close(top)


class _Packing:
    """Adds files to an archive; those with several names once."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self.archive = archive
        self._seen: dict[tuple[int, int], str] = {}

    def add(self, place: Place, name: str, depth: int) -> None:
        """Add what is at a place, and all that is below it."""
        found = os.stat(place.name, dir_fd=place.directory, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            self._add_tree(place, name, depth)
        elif stat.S_ISLNK(found.st_mode):
            entry = entry_of(name, found, tarfile.SYMTYPE)
            entry.linkname = os.readlink(place.name, dir_fd=place.directory)
            self.archive.addfile(entry)
        elif stat.S_ISREG(found.st_mode):
            self._add_file(place, name)
        else:
            self.add_special(name, found)

    def add_special(self, name: str, found: os.stat_result) -> None:
        """What is no file is not copied."""
        raise InvalidSpec(f"{name} is a device, socket or FIFO: not copied", path="source")

    def _add_tree(self, place: Place, name: str, depth: int) -> None:
        if depth > _DEEPEST:
            raise InvalidSpec(f"{name}: more than {_DEEPEST} directories deep", path="source")
        directory = open_directory(place.name, place.directory)
        try:
            self.archive.addfile(entry_of(name, os.fstat(directory), tarfile.DIRTYPE))
            for each in sorted(os.listdir(directory)):
                self.add(Place(directory, each), f"{name}/{each}", depth + 1)
        finally:
            os.close(directory)

    def _add_file(self, place: Place, name: str) -> None:
        with open(place.open_file(os.O_RDONLY), "rb") as content:
            found = os.fstat(content.fileno())
            identity = (found.st_dev, found.st_ino)
            if found.st_nlink > 1 and identity in self._seen:
                entry = entry_of(name, found, tarfile.LNKTYPE)
                entry.linkname = self._seen[identity]
                self.archive.addfile(entry)
                return
            self._seen[identity] = name
            entry = entry_of(name, found, tarfile.REGTYPE)
            entry.size = found.st_size
            self.archive.addfile(entry, content)


class _Exporting(_Packing):
    """Adds everything of one mount: devices as what they are, sockets, which mean nothing, not."""

    def __init__(self, archive: tarfile.TarFile, root: int) -> None:
        super().__init__(archive)
        self._mount = _mount_of(root)

    def add(self, place: Place, name: str, depth: int) -> None:
        named = os.open(place.name, _NAMED, dir_fd=place.directory)
        try:
            found, here = os.fstat(named), _mount_of(named) == self._mount
        finally:
            os.close(named)
        if here:
            super().add(place, name, depth)
        else:
            kind = tarfile.DIRTYPE if stat.S_ISDIR(found.st_mode) else tarfile.REGTYPE
            self.archive.addfile(entry_of(name, found, kind))

    def add_special(self, name: str, found: os.stat_result) -> None:
        kind = _NODES.get(stat.S_IFMT(found.st_mode))
        if kind is not None and sys.platform != "win32":
            entry = entry_of(name, found, kind)
            entry.devmajor, entry.devminor = os.major(found.st_rdev), os.minor(found.st_rdev)
            self.archive.addfile(entry)


def entry_of(name: str, found: os.stat_result, kind: bytes) -> tarfile.TarInfo:
    """Say of a file all but its contents."""
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.mode = stat.S_IMODE(found.st_mode)
    entry.uid, entry.gid = found.st_uid, found.st_gid
    entry.mtime = found.st_mtime
    return entry


def _mount_of(fd: int) -> str:
    """What the kernel calls the mount that an open file is in."""
    with open(f"/proc/self/fdinfo/{fd}", encoding="ascii") as info:
        return next(line for line in info if line.startswith("mnt_id:"))
