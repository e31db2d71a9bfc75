"""Changes as an archive: a layer of an image, as the OCI image-spec (layer.md) wants it.

The order is that of the walk, sorted in each directory, and nothing is said that changes from one
time to the next, so that the same changes make the same bytes. What ustar's header has no room for
is in records of pax. Sockets are left out, as by docker: nobody listens at them any more.
"""

from __future__ import annotations

import os
import stat
import tarfile
from typing import TYPE_CHECKING

from cloche_linux.layering.lowers import open_beneath
from cloche_linux.layering.marks import is_overlays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cloche_linux.layering.deltas import Delta

__all__ = ["END", "Packer"]

_BLOCK = 512
_CHUNK = 1 << 18
#: What ends an archive.
END = bytes(2 * _BLOCK)
_LARGEST = {"size": 8**11 - 1, "uid": 8**7 - 1, "gid": 8**7 - 1, "mtime": 8**11 - 1}
_KINDS = {
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
}


class Packer:
    """Packs what lies beneath an open directory; ``prefix`` is where that is in the container."""

    def __init__(self, root: int, prefix: bytes = b"") -> None:
        self._root = root
        self._prefix = prefix
        #: Files of several names, by number of device and inode: the first name of each.
        self._names: dict[tuple[int, int], bytes] = {}

    def pack(self, deltas: Iterable[Delta]) -> Iterator[bytes]:
        """Give the archive in pieces, but for its end. Raises OSError."""
        for delta in deltas:
            path = self._prefix + delta.path
            if delta.status is None:
                yield b"" if delta.covered else _whiteout(path)
            elif stat.S_IFMT(delta.status.st_mode) in _KINDS:
                yield from self._entry(delta.path, path, delta.status)
            if delta.opaque:
                yield _header(path + b"/.wh..wh..opq", tarfile.REGTYPE, {})

    def _entry(self, own: bytes, path: bytes, status: os.stat_result) -> Iterator[bytes]:
        kind = _KINDS[stat.S_IFMT(status.st_mode)]
        if kind != tarfile.DIRTYPE and status.st_nlink > 1:
            first = self._names.setdefault((status.st_dev, status.st_ino), path)
            if first != path:
                yield _header(path, tarfile.LNKTYPE, {}, link=first)
                return
        if kind == tarfile.REGTYPE:
            yield from self._file(own, path)
            return
        fd = open_beneath(self._root, own, os.O_PATH)
        try:
            link = os.readlink(b"", dir_fd=fd) if kind == tarfile.SYMTYPE else b""
            yield _header(path, kind, _numbers(os.fstat(fd)), link=link, more=_attributes(fd))
        finally:
            os.close(fd)

    def _file(self, own: bytes, path: bytes) -> Iterator[bytes]:
        fd = open_beneath(self._root, own, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):  # exchanged just now
                return
            numbers = _numbers(status) | {"size": status.st_size}
            yield _header(path, tarfile.REGTYPE, numbers, more=_attributes(fd))
            yield from _content(fd, status.st_size)
        finally:
            os.close(fd)


def _content(file: int, size: int) -> Iterator[bytes]:
    """As many bytes as were promised: the file may be written to meanwhile."""
    left = size
    while left:
        chunk = os.read(file, min(left, _CHUNK)) or bytes(min(left, _CHUNK))
        left -= len(chunk)
        yield chunk
    yield bytes(-size % _BLOCK)


def _whiteout(path: bytes) -> bytes:
    directory, _, name = path.rpartition(b"/")
    hidden = b".wh." + name
    return _header(directory + b"/" + hidden if directory else hidden, tarfile.REGTYPE, {})


def _numbers(status: os.stat_result) -> dict[str, int]:
    return {
        "mode": stat.S_IMODE(status.st_mode),
        "uid": status.st_uid,
        "gid": status.st_gid,
        "mtime": status.st_mtime_ns,
        "devmajor": os.major(status.st_rdev),
        "devminor": os.minor(status.st_rdev),
    }


def _attributes(fd: int) -> list[tuple[str, bytes]]:
    """The extended attributes; by the name in /proc, which serves links and devices, too."""
    path = f"/proc/self/fd/{fd}"
    names = sorted(name for name in os.listxattr(path) if not is_overlays(name))
    return [
        (f"SCHILY.xattr.{name}", os.getxattr(path, name))
        for name in names
        if name != "security.selinux"
    ]


def _header(
    path: bytes,
    kind: bytes,
    numbers: dict[str, int],
    *,
    link: bytes = b"",
    more: Iterable[tuple[str, bytes]] = (),
) -> bytes:
    """One header, behind an extended one for what it has no room for."""
    seconds, fraction = divmod(numbers.get("mtime", 0), 10**9)
    values = numbers | {"mtime": seconds}
    records = [
        (key, b"%d" % values[key]) for key in ("size", "uid", "gid") if _is_large(key, values)
    ]
    if fraction or _is_large("mtime", values):
        records.append(("mtime", _moment(seconds, fraction)))
    ended = path + b"/" if kind == tarfile.DIRTYPE else path
    records += [(k, v) for k, v in (("path", ended), ("linkpath", link)) if len(v) > 100]
    records += more
    block = _block(ended, kind, values, link)
    if not records:
        return block
    text = b"".join(_record(key, value) for key, value in records)
    extended = _block(b"pax_header", b"x", {"size": len(text)}, b"")
    return extended + text + bytes(-len(text) % _BLOCK) + block


def _is_large(key: str, values: dict[str, int]) -> bool:
    return not 0 <= values.get(key, 0) <= _LARGEST[key]


def _block(path: bytes, kind: bytes, values: dict[str, int], link: bytes) -> bytes:
    info = tarfile.TarInfo(os.fsdecode(path[:100]).rstrip("/") or "x")
    info.type, info.linkname = kind, os.fsdecode(link[:100])
    info.mode = values.get("mode", 0)
    for key in ("size", "uid", "gid", "mtime", "devmajor", "devminor"):
        setattr(info, key, 0 if key in _LARGEST and _is_large(key, values) else values.get(key, 0))
    info.name = os.fsdecode(path[: 99 if kind == tarfile.DIRTYPE else 100]).rstrip("/")
    return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "surrogateescape")


def _moment(seconds: int, fraction: int) -> bytes:
    if seconds < 0 and fraction:
        seconds, fraction = seconds + 1, 10**9 - fraction
        sign = b"-" if seconds == 0 else b""
        return sign + b"%d.%09d" % (seconds, fraction)
    return b"%d.%09d" % (seconds, fraction) if fraction else b"%d" % seconds


def _record(key: str, value: bytes) -> bytes:
    """A record begins with its own length."""
    rest = b" " + key.encode("utf-8", "surrogateescape") + b"=" + value + b"\n"
    length = len(rest) + 1
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return b"%d" % length + rest
