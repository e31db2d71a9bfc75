"""Take directory trees away by descriptor, whatever their owner made of them."""

from __future__ import annotations

import os

from cloche_linux._native import lib

__all__ = ["remove_tree"]


def remove_tree(path: str) -> None:
    """Remove the directory ``path`` and all beneath it; one that does not exist is fine.

    Follows no symbolic link and crosses no mount point (removing one fails with EBUSY); neither
    depth nor the length of paths matters. Raises OSError for what can't be removed, when
    everything else is.
    """
    error = -lib.cloche_remove_tree(os.fsencode(path))
    if error:
        raise OSError(error, os.strerror(error), path)
