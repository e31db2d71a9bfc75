r"""Folders of layers: names for the system, and what may be touched.

The driver takes and gives plain paths; whatever else is done with a path is done through its long
form (``\\?\``), for which neither length nor trailing dots matter.
"""

from __future__ import annotations

import os
import re
import stat

from cloche.errors import InvalidSpec, NotFound
from cloche_hcs.layers.names import is_reserved

__all__ = [
    "check_folder",
    "check_id",
    "identity",
    "is_layer",
    "is_link",
    "long",
    "mark_of",
    "present",
]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_REPARSE_POINT = 0x400


def check_id(id: str) -> str:
    """Return a proper id of a layer or container; InvalidSpec for any other."""
    if _ID.fullmatch(id) is None or is_reserved(id):
        raise InvalidSpec(
            f"id: {id!r} is not a proper name on Windows",
            path="id",
            hint="letters, digits and _ . - after a letter or digit, at most 128, no device",
        )
    return id


def check_folder(path: str, where: str) -> str:
    """Return the folder's path, without a separator at its end.

    Raises InvalidSpec for what is not an absolute path, which ``where`` then names, and NotFound if
    it does not exist, or is only about to.
    """
    if "\0" in path or not os.path.isabs(path):
        raise InvalidSpec(f"{where}: not an absolute path: {path!r}", path=where)
    path = path if os.path.basename(path) else os.path.dirname(path)
    if not os.path.basename(path):
        raise InvalidSpec(f"{where}: a whole disk: {path!r}", path=where)
    if not os.path.isdir(long(path)):
        raise NotFound(f"{where}: no such folder: {path}")
    if present(mark_of(path)):
        raise NotFound(f"{where}: {path} is still being imported, or was broken off")
    return path


def mark_of(folder: str) -> str:
    """Name the file that exists while a layer is being imported into this folder."""
    return f"{folder}.importing"


def long(path: str) -> str:
    r"""Put an absolute Windows path into its long form; elsewhere, leave it alone."""
    if os.name != "nt" or path.startswith("\\\\?\\"):
        return path
    path = os.path.abspath(path)
    return f"\\\\?\\UNC{path[1:]}" if path.startswith("\\\\") else f"\\\\?\\{path}"


def present(path: str) -> bool:
    """Say whether there is anything of this name, a dangling link included."""
    return os.path.lexists(long(path))


def is_link(path: str) -> bool:
    """Say whether it is a reparse point of any kind, or a symbolic link."""
    found = os.lstat(long(path))
    attributes = getattr(found, "st_file_attributes", 0)
    return stat.S_ISLNK(found.st_mode) or bool(attributes & _REPARSE_POINT)


def is_layer(folder: str) -> bool:
    """Say whether a folder holds a read-only layer; a sandbox has a disk, and no files."""
    return any(present(os.path.join(folder, part)) for part in ("Files", "Hives"))


def identity(folder: str) -> tuple[int, int]:
    """Tell a folder from all others there are, under whatever name."""
    found = os.lstat(long(folder))
    return found.st_dev, found.st_ino
