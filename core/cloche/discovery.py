"""Find installed plug-ins by their entry points.

``importlib.metadata`` does the same and costs more to import than a container to run; so the
directories of ``sys.path`` are read here, by its rules: of two distributions with one name, the
first on the path counts. A directory that has not changed is not read again. Format:
https://packaging.python.org/specifications/entry-points/
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache

from cloche.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

__all__ = ["EntryPoint", "entry_point", "entry_points"]


class EntryPoint(Value):
    """One line of a distribution's ``entry_points.txt``."""

    name: str
    #: ``module`` or ``module:attribute``.
    value: str
    #: The distribution that has it, and its version (empty if its folder does not say).
    distribution: str
    version: str

    def load(self) -> Any:
        """Import what it names; whatever that raises."""
        from importlib import import_module

        module, _, attribute = self.value.partition(":")
        found: object = import_module(module)
        for name in filter(None, attribute.split(".")):
            found = getattr(found, name)
        return found


def entry_points(group: str, path: Sequence[str] | None = None) -> list[EntryPoint]:
    """List the entry points of ``group`` in the order of the path (``sys.path`` if None)."""
    return list(_search(group, sys.path if path is None else path))


def entry_point(group: str, name: str) -> EntryPoint | None:
    """Find the first of a name, and look no further."""
    return next((entry for entry in _search(group, sys.path) if entry.name == name), None)


def _search(group: str, path: Sequence[str]) -> Iterator[EntryPoint]:
    seen: set[str] = set()
    for directory in dict.fromkeys(path):
        changed = _changed(directory or ".")
        for folder in _metadata_folders(directory or ".", changed):
            distribution, _, version = folder.rpartition(".")[0].partition("-")
            if _is_new(distribution, seen):
                text = _read(os.path.join(directory, folder), changed)
                for name, value in _section(group, text):
                    yield EntryPoint(name, value, distribution, version)


def _changed(directory: str) -> int:
    """Say when something was last installed there, or taken away."""
    try:
        return os.stat(directory).st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=64)
def _metadata_folders(directory: str, changed: int) -> Sequence[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(e.name for e in entries if e.name.endswith((".dist-info", ".egg-info")))
    except OSError:  # a zip file, a directory that is gone: nothing is installed there
        return ()


def _is_new(distribution: str, seen: set[str]) -> bool:
    key = distribution.lower().replace("-", "_").replace(".", "_")
    if key in seen:
        return False
    seen.add(key)
    return True


@lru_cache(maxsize=512)
def _read(folder: str, changed: int) -> str:
    try:
        with open(os.path.join(folder, "entry_points.txt"), encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):  # most distributions have none
        return ""


def _section(group: str, text: str) -> Iterator[tuple[str, str]]:
    inside = False
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.partition("[")[0].strip()
