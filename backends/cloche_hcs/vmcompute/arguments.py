"""Structures that layer functions take, each together with the strings it points to.

Whoever holds one of these holds the strings: C does not keep them alive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cloche_hcs._vmcompute import ffi
from cloche_hcs.vmcompute.strings import wide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche_hcs._vmcompute import CData
    from cloche_hcs.vmcompute.values import DriverInfo, LayerDescriptor

__all__ = ["Descriptors", "Driver", "descriptors", "driver"]


class Driver(NamedTuple):
    """A DRIVER_INFO."""

    struct: CData
    home: CData


class Descriptors(NamedTuple):
    """An array of WC_LAYER_DESCRIPTOR; NULL for none."""

    structs: CData
    paths: tuple[CData, ...]


def driver(info: DriverInfo) -> Driver:
    """Make a DRIVER_INFO. Raises InvalidSpec for a NUL in the path."""
    home = wide(info.home, "home")
    return Driver(ffi.new("DRIVER_INFO *", {"flavour": info.flavour, "home": home}), home)


def descriptors(layers: Sequence[LayerDescriptor]) -> Descriptors:
    """Make descriptors in the same order. Raises InvalidSpec for a NUL in a path."""
    if not layers:
        return Descriptors(ffi.NULL, ())
    paths = tuple(wide(layer.path, "path") for layer in layers)
    structs = [
        {"id": layer.guid.bytes_le, "flags": layer.flags, "path": path}
        for layer, path in zip(layers, paths, strict=True)
    ]
    return Descriptors(ffi.new("WC_LAYER_DESCRIPTOR[]", structs), paths)
