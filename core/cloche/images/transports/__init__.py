"""Images in and out of files: OCI layouts and archives, Docker's archives, plain root file systems.

All of it streams: from a pipe and to one, whatever the size. What comes in is believed in nothing:
digests are checked, names of entries are never used as paths, and an archive with any fault leaves
nothing behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .importing import Layer, add_layer, assemble, import_layer
    from .named import Format, Named
    from .reading import read_archive
    from .writing import write_archive

__all__ = [
    "Format",
    "Layer",
    "Named",
    "add_layer",
    "assemble",
    "import_layer",
    "read_archive",
    "write_archive",
]

_HOMES = {
    "importing": ("Layer", "add_layer", "assemble", "import_layer"),
    "named": ("Format", "Named"),
    "reading": ("read_archive",),
    "writing": ("write_archive",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> Sequence[str]:
    return sorted(__all__)
