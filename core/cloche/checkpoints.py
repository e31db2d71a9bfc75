"""Where checkpoints are written to."""

from __future__ import annotations

import os

from cloche.errors import InvalidSpec

__all__ = ["empty_directory"]


def empty_directory(directory: str | os.PathLike[str]) -> str:
    """Make a directory for its owner alone, or take an empty one; returns its absolute path.

    What it will hold is the memory of processes, with all their secrets. Raises InvalidSpec.
    """
    path = os.path.abspath(directory)
    try:
        os.makedirs(path, 0o700, exist_ok=True)
        held = os.listdir(path)
    except OSError as error:
        raise InvalidSpec(f"{path}: {error.strerror}", path="directory") from error
    if held:
        raise InvalidSpec(
            f"{path} is not empty",
            path="directory",
            hint="name one that is not there yet",
        )
    return path
