"""The snapshot: one file with the code of all modules that commands need, once they were imported.

It lies where compiled modules lie, in ``__pycache__``, and is in chapters: what one import in a
function brought in, in the order in which the modules were ready. A chapter is run when its first
name is imported again: nothing is looked for, and of importlib's work only what can be seen later
is done. Each chapter says when its sources were written; an old one is passed over.

Code is taken only from a file that nobody could write but the owner of this one, root and us.
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import marshal
import os
import stat

# In the interpreter from its start, unlike `importlib.machinery`.
from _frozen_importlib import ModuleSpec, module_from_spec
from _frozen_importlib_external import ExtensionFileLoader, SourceFileLoader
from _thread import _count as _count_threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType, ModuleType
    from typing import TypeAlias

    #: A file, and when it was written and its size; None if there was none.
    Stamp: TypeAlias = tuple[str, tuple[int, int] | None]
    #: Where a module comes from, whether it is a package, and its code if it is in Python.
    Entry: TypeAlias = tuple[str, bool, CodeType | None]
    #: An interpreter: its version, its directory, and how far it optimizes.
    Maker: TypeAlias = tuple[str, str, int]
    #: What holds for all chapters: whose they are, and the paths of what is installed.
    Setting: TypeAlias = tuple[Maker, tuple[str, str], list[str], list[Stamp]]

__all__ = ["HEAD", "Snapshot", "is_ours", "maker", "place", "run", "stamp"]

#: The file begins with its own length and that of what comes before the chapters.
HEAD = 16
_OWNERS = 0, os.geteuid(), os.stat(__file__).st_uid
_OTHERS_MAY_WRITE = 0o022


class ReadySource(SourceFileLoader):
    """The loader of a module that a snapshot has run already."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Give what is there."""
        return sys.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: it is done."""


class ReadyExtension(ExtensionFileLoader):
    """The same for a module in C."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Give what is there."""
        return sys.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: it is done."""


class Snapshot:
    """A finder of modules that are in the snapshot, which notes those that are not."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.setting: Setting | None = None
        #: Where chapters begin and end, by the names of their modules that are imported last.
        self.chapters: dict[str, tuple[int, int]] = {}
        #: The modules that were imported from elsewhere, those of one import together.
        self.missed: list[list[str]] = []
        self._read: tuple[int, ...] = ()
        self._start = 0

    def open(self) -> bool:
        """Read the head of the file; False if there is none that is good here and now."""
        try:
            if not is_ours(self.path):
                return False
            numbers, self._read = _read(self.path, 0, HEAD)
            length, self._start = (int.from_bytes(n, "little") for n in (numbers[:8], numbers[8:]))
            if length != self._read[-1]:
                return False
            setting, chapters = marshal.loads(self._part(HEAD, self._start))  # noqa: S302 - as a .pyc
            good: bool = setting[0] == maker() and _are_fresh(setting[3])
        except Exception:  # noqa: BLE001 - whatever else may lie there
            return False
        if good:
            self.setting, self.chapters = setting, chapters
        return good

    def chapter(self, name: str) -> bytes:
        """What is written of one name: stamps of the sources, and its modules; OSError if none."""
        start, end = self.chapters[name]
        return self._part(self._start + start, self._start + end)

    def _part(self, start: int, end: int) -> bytes:
        data, read = _read(self.path, start, end - start)
        if read != self._read:
            raise FileNotFoundError(f"{self.path} is another now")
        return data

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Run the chapter of a name if there is one; else leave it to the finders that follow.

        So does a program with several threads: what keeps them from half a module is in importlib.
        """
        if name in self.chapters and name not in sys.modules and not _count_threads():
            if self._run(name):
                return sys.modules[name].__spec__
            del self.chapters[name]
        self._note(name)
        return None

    def _run(self, chapter: str) -> bool:
        before = set(sys.modules)
        try:
            stamps, entries = marshal.loads(self.chapter(chapter))  # noqa: S302 - as above
            if not _are_fresh(stamps):
                return False
            _run_all(entries)
        except Exception:  # noqa: BLE001 - the usual import finds out what it is, and says so
            for name in set(sys.modules) - before:
                del sys.modules[name]
            return False
        return True

    def _note(self, name: str) -> None:
        if name in sys.builtin_module_names:
            return
        if self.missed and _is_running(self.missed[-1][0]):
            self.missed[-1].append(name)
        else:
            self.missed.append([name])


class Installed:
    """The last finder: what is nowhere may be where only the code in ``.pth`` files leads to."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Let `site` do what the snapshot has spared it, and look again."""
        if path is not None or name in sys.stdlib_module_names:
            return None
        import site
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        site.main()
        return find_spec(name)


def _is_running(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return getattr(spec, "_initializing", False)


def _run_all(entries: Mapping[str, Entry]) -> None:
    modules, begun = sys.modules, set()
    for name, (origin, package, code) in entries.items():
        if name in modules and name not in begun:
            continue
        parent, _, own = name.rpartition(".")
        if parent and parent not in modules:
            if parent in entries:  # it has imported this one, and was ready later
                _begin(parent, *entries[parent][:2])
                begun.add(parent)
            else:
                __import__(parent)
        if code is None:
            _load_extension(name, origin)
        else:
            module = modules[name] if name in begun else _begin(name, origin, package)
            exec(code, module.__dict__)  # noqa: S102 - as importlib does
        if parent:
            setattr(modules[parent], own, modules[name])


def _begin(name: str, origin: str, package: bool) -> ModuleType:
    """Make a module as importlib does before its code is run."""
    loader = ReadySource(name, origin)
    spec = ModuleSpec(name, loader, origin=origin, is_package=package)
    spec.has_location = True
    sys.modules[name] = module = type(sys)(name)
    own = module.__dict__
    own["__spec__"], own["__loader__"], own["__file__"] = spec, loader, origin
    own["__package__"] = name if package else name.rpartition(".")[0]
    if package:
        own["__path__"] = spec.submodule_search_locations = [os.path.dirname(origin)]
    return module


def _load_extension(name: str, origin: str) -> None:
    loader = ExtensionFileLoader(name, origin)
    spec = ModuleSpec(name, loader, origin=origin)
    spec.has_location = True
    sys.modules[name] = module = module_from_spec(spec)
    loader.exec_module(module)
    module.__loader__ = spec.loader = ReadyExtension(name, origin)


# What nobody else can have written.


def place(folder: str) -> str:
    """Where the snapshot of the modules below ``folder`` is."""
    return f"{folder}/__pycache__/snapshot.{sys.implementation.cache_tag}.bin"


def maker() -> Maker:
    """Whose snapshot it is: that of this very interpreter, as it was started."""
    return sys.version, os.path.dirname(sys.executable), sys.flags.optimize


def is_ours(path: str) -> bool:
    """Whether only those can write in the directory of ``path`` who can write this module, too."""
    folder = os.path.dirname(path)
    both = os.lstat(folder), os.lstat(os.path.dirname(folder))
    return all(stat.S_ISDIR(each.st_mode) and _is_safe(each) for each in both)


def _is_safe(status: os.stat_result) -> bool:
    return status.st_uid in _OWNERS and not status.st_mode & _OTHERS_MAY_WRITE


def _read(path: str, start: int, count: int) -> tuple[bytes, tuple[int, ...]]:
    """Read a part of a file and what tells it from others, its size last; OSError for a bad one.

    It is opened for each part: one descriptor that stayed open could be taken for the caller's.
    """
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or not _is_safe(status):
            raise PermissionError(f"{path} may be somebody else's")
        data = os.pread(file, count, start)
        return data, (status.st_ino, status.st_mtime_ns, status.st_size)
    finally:
        os.close(file)


def stamp(path: str) -> Stamp:
    """Say when a file was written, and its size."""
    return path, _look(path)


def _look(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _are_fresh(stamps: Iterable[Stamp]) -> bool:
    for path, known in stamps:  # noqa: SIM110 - a generator would take half as long again
        if _look(path) != known:
            return False
    return True


def run(folder: str) -> int:
    """Be the program, by the snapshot as far as it goes; returns the exit code."""
    snapshot = Snapshot(place(folder))
    if snapshot.open() and snapshot.setting is not None:
        _, (sys.prefix, sys.exec_prefix), sys.path[:], _ = snapshot.setting
        sys.meta_path.append(Installed())
    else:
        import site

        site.main()
    sys.meta_path.insert(0, snapshot)
    from cloche_cli.oci import program

    code = program.run(sys.argv[1:])
    if snapshot.missed:
        from cloche_cli.oci.recording import record

        record(snapshot)
    return code
