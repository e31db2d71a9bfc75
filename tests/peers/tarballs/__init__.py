"""Archives made entry by entry, and what comes of them."""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cloche.layers import LayerSource
from cloche_linux.layering.untar import Rules, untar

MOMENT = 1_000_000_000
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
Entry = tuple[tarfile.TarInfo, bytes]


def entry(
    name: str,
    content: bytes = b"",
    *,
    kind: bytes = tarfile.REGTYPE,
    to: str = "",
    **fields: Any,
) -> Entry:
    """One entry; ``fields`` are those of TarInfo."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mtime = kind, to, MOMENT
    info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def directory(name: str, **fields: Any) -> Entry:
    return entry(name, kind=tarfile.DIRTYPE, **fields)


def symlink(name: str, to: str, **fields: Any) -> Entry:
    return entry(name, kind=tarfile.SYMTYPE, to=to, **fields)


def hardlink(name: str, to: str, **fields: Any) -> Entry:
    return entry(name, kind=tarfile.LNKTYPE, to=to, **fields)


def with_records(records: bytes, *entries: Entry | bytes, kind: bytes = b"x") -> bytes:
    """An extended header of these records, and what follows it."""
    info, _ = entry("PaxHeader", records, kind=kind)
    return packed((info, records), *entries)


def record(key: str, value: bytes) -> bytes:
    """One record of an extended header, which begins with its own length."""
    rest = f" {key}=".encode() + value + b"\n"
    length = len(rest) + 1
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


def packed(*entries: Entry | bytes, format: str = "pax", end: bytes = bytes(1024)) -> bytes:
    """An archive of entries; bytes are taken as they are."""
    made = b""
    for each in entries:
        if isinstance(each, bytes):
            made += each
            continue
        info, content = each
        made += info.tobuf(FORMATS[format], "utf-8", "surrogateescape")
        made += content + bytes(-len(content) % 512)
    return made + end


def header(info: tarfile.TarInfo, changes: dict[int, bytes] | None = None) -> bytes:
    """A ustar header, with bytes changed and the checksum right."""
    block = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    for offset, data in (changes or {}).items():
        block[offset : offset + len(data)] = data
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def in_pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def unpacked(
    top: Path, archive: bytes | Iterable[bytes], rules: Rules | None = None
) -> tuple[bytes, ...]:
    """Unpack into a directory; returns what nobody named."""
    chunks = [archive] if isinstance(archive, bytes) else archive
    top.mkdir(exist_ok=True)
    fd = os.open(top, os.O_RDONLY)
    try:
        return untar(fd, chunks, rules or Rules())
    finally:
        os.close(fd)


def tree(top: Path, *, times: bool = True) -> dict[str, tuple[object, ...]]:
    """Everything in a directory: mode, owners, time, content, links, attributes."""
    found: dict[str, tuple[object, ...]] = {}
    first: dict[int, str] = {}
    for folder, folders, files in sorted(os.walk(top)):
        for name in sorted((*folders, *files)):
            path = os.path.join(folder, name)
            relative, status = os.path.relpath(path, top), os.lstat(path)
            known = first.setdefault(status.st_ino, relative)
            time = status.st_mtime_ns if times else 0
            found[relative] = *_described(path, status, known), time
    return found


def _described(path: str, status: os.stat_result, first: str) -> tuple[object, ...]:
    what: object = None
    if stat.S_ISLNK(status.st_mode):
        what = os.readlink(path)
    elif stat.S_ISREG(status.st_mode):
        what = status.st_size, hashlib.sha256(Path(path).read_bytes()).hexdigest()
    elif not stat.S_ISDIR(status.st_mode):
        what = status.st_rdev
    names = sorted(os.listxattr(path, follow_symlinks=False))
    attributes = {name: os.getxattr(path, name, follow_symlinks=False) for name in names}
    linked = None if stat.S_ISDIR(status.st_mode) else first
    return oct(status.st_mode), status.st_uid, status.st_gid, what, linked, attributes


def source(archive: bytes, *parents: bytes) -> LayerSource:
    """An archive as an image speaks of it; ``parents`` topmost first."""
    digest, *below = (f"sha256:{hashlib.sha256(each).hexdigest()}" for each in (archive, *parents))
    return LayerSource(digest=digest, parents=tuple(below))
