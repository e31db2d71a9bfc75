"""Hard links of an imported layer, which the driver knows nothing of."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche_hcs.layers.places import is_link, long

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["make_hard_link"]


def make_hard_link(folder: str, name: str, target: str, parents: Sequence[str]) -> None:
    """Let ``name`` in the layer's folder be the same file as ``target``, in it or a parent's.

    Both are the layer's own names. Nothing is followed on the way to either. Raises ImageError if
    there is no such target.
    """
    components = name.split("\\")
    if not _is_plain(folder, components[:-1], stat.S_ISDIR):
        raise ImageError(f"a hard link where there is no directory: {name}")
    for root in (folder, *parents):
        if _is_plain(root, target.split("\\"), stat.S_ISREG):
            os.link(_path(root, target.split("\\")), _path(folder, components))
            return
    raise ImageError(f"a hard link to what is no file of the layer: {name} to {target}")


def _is_plain(root: str, components: Sequence[str], kind: Callable[[int], bool]) -> bool:
    """Whether all that leads there is directories, and what is there is of this kind."""
    try:
        for depth in range(len(components)):
            if is_link(_path(root, components[: depth + 1])):
                return False
        mode = os.lstat(_path(root, components)).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    return kind(mode)


def _path(root: str, components: Sequence[str]) -> str:
    return long(os.path.join(root, *components))
