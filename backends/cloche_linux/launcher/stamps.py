"""What a dump was made of: files, when they were written, and their sizes."""

from __future__ import annotations

import os
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["are_fresh", "changed_since", "encode", "sources"]

#: Size, seconds, nanoseconds, and where the path is: ``struct dump_stamp`` of dump.h.
_STAMP = struct.Struct("=qqqQ")
_SECOND = 10**9
_ABSENT = -1, 0, 0
#: The C library has read it.
_TIME_ZONE = "/etc/localtime"


def sources() -> list[str]:
    """Name all files that this process has its code from, and those that say where code is."""
    import site

    folders = site.getsitepackages()
    beside = os.path.join(os.path.dirname(sys.executable), os.pardir, "pyvenv.cfg")
    found = {*_modules(), *_mapped(), *folders, beside, _TIME_ZONE}
    found.update(f"{folder}/{name}" for folder in folders for name in _paths_in(folder))
    return sorted(found)


def _modules() -> Iterator[str]:
    for module in [*sys.modules.values()]:
        spec = getattr(module, "__spec__", None)
        if spec is not None and spec.has_location and spec.origin:
            yield spec.origin


def _mapped() -> Iterator[str]:
    """Libraries, the interpreter, and whatever else is in memory as it is in a file (proc(5))."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            name = line.split(maxsplit=5)[5:]
            if name and name[0].startswith("/"):
                yield name[0].rstrip("\n")


def _paths_in(folder: str) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if name.endswith(".pth")]
    except OSError:
        return []


def _look(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return _ABSENT
    return found.st_size, *divmod(found.st_mtime_ns, _SECOND)


def changed_since(paths: Sequence[str], moment: int) -> bool:
    """Say whether one was written later, or so shortly before that it may be another by now.

    ``moment`` in nanoseconds, as of ``time.time_ns``.
    """
    latest = moment - _SECOND
    return any(os.stat(path).st_mtime_ns > latest for path in paths if os.path.exists(path))


def encode(paths: Sequence[str]) -> bytes:
    """Return the stamps, and the paths after them."""
    names = [os.fsencode(path) + b"\0" for path in paths]
    at, stamps = len(paths) * _STAMP.size, []
    for path, name in zip(paths, names, strict=True):
        stamps.append(_STAMP.pack(*_look(path), at))
        at += len(name)
    return b"".join((*stamps, *names))


def are_fresh(text: bytes, number: int, first: str) -> bool:
    """Say whether ``first`` is the first, and all files are still what ``encode`` saw.

    Raises struct.error, ValueError.
    """
    found = [_stamp(text, each) for each in range(number)]
    return found[0][0] == first and all(_look(path) == known for path, known in found)


def _stamp(text: bytes, number: int) -> tuple[str, tuple[int, ...]]:
    *known, at = _STAMP.unpack_from(text, number * _STAMP.size)
    return os.fsdecode(text[at : text.index(b"\0", at)]), tuple(known)
