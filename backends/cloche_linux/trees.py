"""Take directory trees away by descriptor, whatever their owner made of them."""

from __future__ import annotations

import os
import stat

__all__ = ["remove_tree"]

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(path: str) -> None:
    """Remove ``path`` and all beneath it; a path that does not exist is fine.

    Follows no symbolic link and crosses no mount point (removing one fails with EBUSY). Recursion
    is bounded by descriptors, not by the length of paths. Raises OSError for what can't be removed.
    """
    try:
        os.rmdir(path)
    except FileNotFoundError:
        return
    except OSError:
        parent = os.open(os.path.dirname(path) or ".", _OPEN)
        try:
            _remove_at(parent, os.path.basename(path))
        finally:
            os.close(parent)


def _remove_at(parent: int, name: str) -> None:
    try:
        info = os.lstat(name, dir_fd=parent)
        if stat.S_ISDIR(info.st_mode):
            _remove_directory(parent, name)
        else:
            os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return


def _remove_directory(parent: int, name: str) -> None:
    """Empty first, then remove; an empty directory costs one call."""
    try:
        os.rmdir(name, dir_fd=parent)
        return
    except OSError:
        directory = _open_directory(parent, name)
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in entries]
        for entry_name in names:
            _remove_at(directory, entry_name)
    finally:
        os.close(directory)
    os.rmdir(name, dir_fd=parent)


def _open_directory(parent: int, name: str) -> int:
    try:
        return os.open(name, _OPEN, dir_fd=parent)
    except PermissionError:
        # Overlay's work directory is made with mode 0; as a normal user that must be opened up.
        os.chmod(name, 0o700, dir_fd=parent)
        return os.open(name, _OPEN, dir_fd=parent)
