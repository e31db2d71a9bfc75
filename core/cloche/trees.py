"""Take directory trees away by descriptor, following nothing out of them."""

from __future__ import annotations

import os

__all__ = ["remove_contents"]

_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


def remove_contents(directory: int, *, spare: frozenset[str] = frozenset()) -> None:
    """Remove everything in the directory that the descriptor is open on, but for ``spare``."""
    for name in os.listdir(directory):
        if name not in spare:
            _remove(name, directory)


def _remove(name: str, parent: int) -> None:
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        child = os.open(name, _DIRECTORY, dir_fd=parent)
        try:
            remove_contents(child)
        finally:
            os.close(child)
        os.rmdir(name, dir_fd=parent)
