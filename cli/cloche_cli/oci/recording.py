"""Add to the snapshot what had to be imported from elsewhere.

As with compiled modules, it is silently left out where nothing can be written.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import marshal
import os
import time
from contextlib import suppress
from importlib.machinery import ExtensionFileLoader, SourceFileLoader

from cloche_cli.oci import snapshot as kept
from cloche_cli.oci.snapshot import HEAD, Snapshot, is_ours, maker, stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec

    from cloche_cli.oci.snapshot import Entry, Setting, Stamp

__all__ = ["record"]

_KINDS = (SourceFileLoader, ExtensionFileLoader)
_MODE = 0o644
#: Seconds after which whoever began a draft will not go on with it.
_LONG = 60


def record(snapshot: Snapshot) -> None:
    """Write the snapshot anew with what it lacked, if it lacked anything."""
    chapters = [each for each in map(_known, snapshot.missed) if each]
    if not chapters or sys.dont_write_bytecode:
        return
    draft = f"{snapshot.path}.draft"
    with suppress(Exception):  # what it is, the next command finds out where it matters
        if not is_ours(snapshot.path):
            return
        file = _begin(draft)
        try:
            with open(file, "wb") as stream:
                stream.write(_written(snapshot, chapters))
                os.fchmod(file, _MODE & os.stat(__file__).st_mode)
            os.rename(draft, snapshot.path)
        except BaseException:
            os.unlink(draft)
            raise


def _begin(draft: str) -> int:
    """Open the draft; an OSError if another is writing it."""
    with suppress(FileNotFoundError):
        if time.time() - os.lstat(draft).st_mtime > _LONG:
            os.unlink(draft)
    return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)


def _known(names: Sequence[str]) -> list[str]:
    """Name those that a snapshot can hold, in the order in which they were ready."""
    wanted = set(names)
    return [name for name in sys.modules if name in wanted and _is_plain(name)]


def _is_plain(name: str) -> bool:
    spec = getattr(sys.modules[name], "__spec__", None)
    return spec is not None and spec.name == name and type(spec.loader) in _KINDS


def _written(snapshot: Snapshot, chapters: Sequence[Sequence[str]]) -> bytes:
    pieces = {name: snapshot.chapter(name) for name in snapshot.chapters}
    pieces |= {names[-1]: marshal.dumps(_chapter(names)) for names in chapters}
    places, end = {}, 0
    for name, piece in pieces.items():
        places[name] = (end, end + len(piece))
        end += len(piece)
    head = marshal.dumps((snapshot.setting or _setting(), places))
    lengths = (HEAD + len(head) + end, HEAD + len(head))
    numbers = b"".join([each.to_bytes(HEAD // 2, "little") for each in lengths])
    return b"".join((numbers, head, *pieces.values()))


def _chapter(names: Sequence[str]) -> tuple[list[Stamp], dict[str, Entry]]:
    """Stamps come first: what is written in between makes the chapter old at once."""
    origins = {name: _spec(name).origin or "" for name in names}
    stamps = [stamp(origin) for origin in origins.values()]
    return stamps, {name: _entry(name, origin) for name, origin in origins.items()}


def _entry(name: str, origin: str) -> Entry:
    spec = _spec(name)
    if not isinstance(spec.loader, SourceFileLoader):
        return origin, False, None
    return origin, spec.submodule_search_locations is not None, spec.loader.get_code(name)


def _spec(name: str) -> ModuleSpec:
    spec = sys.modules[name].__spec__
    assert spec is not None
    return spec


def _setting() -> Setting:
    """Say what `site` has found, and the files by which it can find something else."""
    import site

    folders = site.getsitepackages()
    found = [f"{folder}/{name}" for folder in folders for name in _paths_in(folder)]
    beside = os.path.join(os.path.dirname(sys.executable), os.pardir, "pyvenv.cfg")
    # The form of the file is said here and there.
    stamps = [stamp(path) for path in (__file__, kept.__file__, *folders, *found, beside)]
    return maker(), (sys.prefix, sys.exec_prefix), [*sys.path], stamps


def _paths_in(folder: str) -> Iterator[str]:
    with suppress(OSError):
        yield from (name for name in os.listdir(folder) if name.endswith(".pth"))
