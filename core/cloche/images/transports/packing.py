"""Pack a directory of Linux as an uncompressed layer (image-spec, layer.md)."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import stat
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from cloche.errors import ImageError

from .stream import PIECE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from tarfile import TarInfo

__all__ = ["pack_directory"]

_BLOCK = 512
#: The end, which is filled up to a record (POSIX.1-2001, ustar Interchange Format).
_END = b"\0" * (2 * _BLOCK)
_RECORD = 20 * _BLOCK
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)


def pack_directory(path: str) -> Generator[bytes, None, None]:
    """Yield the archive of all that is below a directory, sorted, in pieces.

    Owners, modes, times in whole seconds, extended attributes, links and devices are kept, sockets
    are not. Nothing outside is followed, whoever changes the directory meanwhile. Raises ImageError
    for a file that shrinks while it is read.
    """
    root = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    seen: dict[tuple[int, int], str] = {}
    size = len(_END)
    with closing(_walk(root)) as found:
        for directory, name, archived in found:
            for piece in _entry(directory, name, archived, seen):
                size += len(piece)
                yield piece
    yield _END + b"\0" * (-size % _RECORD)


def _walk(root: int) -> Generator[tuple[int, str, str], None, None]:
    """Everything, directories before what is in them: an open directory, the name in it, the path.

    Takes ``root`` and closes it.
    """
    pending = [(root, "", iter(sorted(os.listdir(root))))]
    try:
        while pending:
            directory, above, names = pending[-1]
            name = next(names, None)
            if name is None:
                os.close(pending.pop()[0])
                continue
            yield directory, name, above + name
            if stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
                inner = os.open(name, _DIRECTORY, dir_fd=directory)
                pending.append((inner, f"{above}{name}/", iter(sorted(os.listdir(inner)))))
    finally:
        for directory, _, _ in pending:
            os.close(directory)


def _entry(
    directory: int, name: str, archived: str, seen: dict[tuple[int, int], str]
) -> Iterator[bytes]:
    from tarfile import LNKTYPE, PAX_FORMAT, REGTYPE

    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    info = _header(directory, name, archived, found)
    if info is None:
        return
    if info.type == REGTYPE and found.st_nlink > 1:
        first = seen.setdefault((found.st_dev, found.st_ino), archived)
        if first != archived:
            info.type, info.linkname, info.size = LNKTYPE, first, 0
    yield info.tobuf(PAX_FORMAT, "utf-8", "surrogateescape")
    if info.type == REGTYPE:
        yield from _content(directory, name, archived, info.size)


def _header(directory: int, name: str, archived: str, found: os.stat_result) -> TarInfo | None:
    """What the archive says of a file; None for a socket."""
    from tarfile import TarInfo

    kind = _types().get(stat.S_IFMT(found.st_mode))
    if kind is None:
        return None
    info = TarInfo(archived)
    info.type = kind
    info.mode = stat.S_IMODE(found.st_mode)
    info.uid, info.gid = found.st_uid, found.st_gid
    info.mtime = int(found.st_mtime)
    info.size = found.st_size if stat.S_ISREG(found.st_mode) else 0
    if stat.S_ISLNK(found.st_mode):
        info.linkname = os.readlink(name, dir_fd=directory)
    if stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode):
        info.devmajor, info.devminor = os.major(found.st_rdev), os.minor(found.st_rdev)
    info.pax_headers = _attributes(f"/proc/self/fd/{directory}/{name}")
    return info


def _attributes(path: str) -> dict[str, str]:
    """Extended attributes, under the names that GNU tar and others give them."""
    found: dict[str, str] = {}
    with suppress(OSError):  # file systems that have none, and attributes that nobody may read
        for name in sorted(os.listxattr(path, follow_symlinks=False)):
            value = os.getxattr(path, name, follow_symlinks=False)
            found[f"SCHILY.xattr.{name}"] = value.decode("utf-8", "surrogateescape")
    return found


def _content(directory: int, name: str, archived: str, size: int) -> Iterator[bytes]:
    """So many bytes, as the header says: what is added meanwhile is left out."""
    left = size
    with open(os.open(name, _FILE, dir_fd=directory), "rb", buffering=0) as file:
        while left:
            data = file.read(min(PIECE, left))
            if not data:
                raise ImageError(f"{archived}: became smaller while it was read", hint="try again")
            left -= len(data)
            yield data
    yield b"\0" * (-size % _BLOCK)


def _types() -> dict[int, bytes]:
    import tarfile

    return {
        stat.S_IFREG: tarfile.REGTYPE,
        stat.S_IFDIR: tarfile.DIRTYPE,
        stat.S_IFLNK: tarfile.SYMTYPE,
        stat.S_IFCHR: tarfile.CHRTYPE,
        stat.S_IFBLK: tarfile.BLKTYPE,
        stat.S_IFIFO: tarfile.FIFOTYPE,
    }
