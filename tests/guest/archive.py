"""An initial RAM file system: a cpio archive of this machine's files under their own paths."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

__all__ = ["Archive"]

Wanted = Callable[[Path], bool]


class Archive:
    """Collects files, and puts them into the format that the kernel unpacks at boot ("newc").

    Times are kept, so that Python's byte code stays valid. Symbolic links on the way to a file are
    taken along with what they point to.
    """

    def __init__(self) -> None:
        self._entries: dict[str, tuple[os.stat_result | None, int, bytes]] = {}

    def directory(self, path: str) -> None:
        """Add an empty directory, and those above it."""
        for parent in reversed([Path(path), *Path(path).parents]):
            self._entries.setdefault(str(parent), (None, stat.S_IFDIR | 0o755, b""))

    def file(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Add a file that is not on this machine."""
        self.directory(os.path.dirname(path))
        self._entries[path] = (None, stat.S_IFREG | mode, content)

    def take(self, path: Path) -> None:
        """Add one file of this machine's, with the links that lead to it."""
        for parent in reversed(path.parents):
            if parent.is_symlink():
                self._link(parent)
                self.take(parent.resolve() / path.relative_to(parent))
                return
            self.directory(str(parent))
        if path.is_symlink():
            self._link(path)
            self.take(path.parent / path.readlink())
        elif path.is_dir():
            self.directory(str(path))
        else:
            found = path.stat()
            self._entries[str(path)] = (found, found.st_mode, path.read_bytes())

    def tree(self, root: Path, wanted: Wanted = lambda path: True) -> None:
        """Add all files beneath a directory that are ``wanted``; directories are asked for too."""
        for directory, names, files in os.walk(root):
            names[:] = [name for name in names if wanted(Path(directory, name))]
            for name in files:
                if wanted(Path(directory, name)):
                    self.take(Path(directory, name))

    def libraries(self) -> None:
        """Add the shared libraries of everything added so far."""
        linked = [path for path, entry in self._entries.items() if entry[2][:4] == b"\x7fELF"]
        text = subprocess.run(["ldd", *linked], capture_output=True, text=True).stdout
        words = {word for line in text.splitlines() for word in line.split()}
        for word in sorted(words):
            if word.startswith("/") and os.path.isfile(word):
                self.take(Path(word))

    def content(self) -> bytes:
        """The archive itself."""
        members = [
            _member(number, name.lstrip("/") or ".", *entry)
            for number, (name, entry) in enumerate(self._entries.items(), start=1)
        ]
        return b"".join([*members, _member(0, "TRAILER!!!", None, 0, b"")])

    def _link(self, path: Path) -> None:
        self._entries[str(path)] = (None, stat.S_IFLNK | 0o777, os.fsencode(path.readlink()))


def _member(
    number: int, name: str, found: os.stat_result | None, mode: int, content: bytes
) -> bytes:
    time = int(found.st_mtime) if found else 0
    encoded = os.fsencode(name) + b"\0"
    fields = (number, mode, 0, 0, 1, time, len(content), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return _padded(header + encoded) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
