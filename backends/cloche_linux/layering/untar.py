"""Archives into directories: the typed floor over the untar in C.

What is understood: ustar, GNU's and pax' headers, sparse files, extended attributes, whiteouts
(image-spec, layer.md), which become overlay's. What is hostile is refused with the entry's name: a
path with ``..``, through a link or beneath a file, a hard link to what is not in the layer, numbers
and sizes that lie, an archive that was cut. Absolute names lose their slash, as everywhere. A name
that comes twice means its later entry. Overlays' own attributes (``trusted.overlay.*`` and their
like) are left out: they are there by mistake or to redirect a directory, and what they are at is a
file like any other.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from cloche.errors import BackendError, ImageError, Unavailable
from cloche.values import Value
from cloche_linux._native import ffi, lib

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche.errors import ClocheError
    from cloche_linux._native import CData

__all__ = ["Rules", "untar"]

#: The archive's fault, though it is the system that says so.
_ARCHIVE = frozenset({errno.EBADMSG, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EMLINK})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED = frozenset({errno.EPERM, errno.EACCES, errno.EROFS})


class Rules(Value, kw_only=True):
    """What an archive may do."""

    #: Bytes of all files together, holes included.
    most_bytes: int = 1 << 38
    #: Entries, and directories that none of them names.
    most_entries: int = 1 << 22
    #: Whether files belong to whom the archive says; else to whoever unpacks.
    owners: bool = True
    #: Whether there may be device nodes.
    devices: bool = True
    #: Whether an opaque directory is one for overlays of root's, too.
    trusted: bool = True


def untar(directory: int, chunks: Iterable[bytes | memoryview], rules: Rules) -> tuple[bytes, ...]:
    """Unpack an archive into an open directory, which nobody else may change meanwhile.

    Returns the paths of directories that no entry named: made because something is beneath them,
    with mode 0755 and the time 0. After an error the directory is half full. Raises ImageError with
    the entry's name, Unavailable for a full disk, BackendError for what else fails, and what
    ``chunks`` raises.
    """
    fields = (rules.most_bytes, rules.most_entries, rules.owners, rules.devices, rules.trusted)
    under_way = lib.cloche_untar_open(directory, ffi.new("struct cloche_untar_rules *", fields))
    if under_way == ffi.NULL:
        raise MemoryError
    try:
        for chunk in chunks:
            data = ffi.from_buffer("unsigned char[]", chunk)
            if lib.cloche_untar_feed(under_way, data, len(chunk)):
                break
        if error := lib.cloche_untar_finish(under_way):
            raise _failure(under_way, -error)
        paths = ffi.new("char **")
        size = lib.cloche_untar_implied(under_way, paths)
        return tuple(ffi.buffer(paths[0], size)[:].split(b"\0")[:-1]) if size else ()
    finally:
        lib.cloche_untar_close(under_way)


def _failure(under_way: CData, number: int) -> ClocheError:
    said = ffi.string(lib.cloche_untar_entry(under_way))
    reason = ffi.string(lib.cloche_untar_reason(under_way))
    assert isinstance(said, bytes)
    assert isinstance(reason, bytes)
    return explain(os.fsdecode(said), os.fsdecode(reason), number)


def explain(entry: str, reason: str, number: int) -> ClocheError:
    """Make the error of an entry: what was wrong with it, or what could not be made, and why."""
    reason = reason if reason.isprintable() else repr(reason)[1:-1]
    where = f"layer entry {_short(entry)}" if entry else "layer"
    if number == errno.EBADMSG:
        return ImageError(f"{where}: {reason}", hint="pull the image again, or name another")
    why = f"{where}: {reason}: {os.strerror(number).lower()}"
    if number in _ARCHIVE:
        return ImageError(why, hint="name another image")
    if number in _FULL:
        return Unavailable(why, reason=why, remedy="make room on the disk, or move --root")
    if number in _DENIED:
        return Unavailable(why, reason=why, remedy="unpack as root, on a disk that can be written")
    return BackendError(why, step="unpack", errno=number, path=entry)


def _short(entry: str) -> str:
    """An entry's name on one line, whatever is in it."""
    return repr(entry if len(entry) <= 200 else f"{entry[:200]}…")
