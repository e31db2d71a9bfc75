"""Images: from a registry, a file or a container to layers that containers run on, and back.

`Images` is what people hold; the modules of this room are its parts, each of use by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .decompression import Limits

__all__ = ["Limits"]

_HOMES = {
    "decompression": ("Limits",),
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
