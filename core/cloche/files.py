"""Read and write files of a container, without any program of the container's."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloche.beneath import NEW, file_errors, find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche.runtime import RuntimeContainer

__all__ = ["read", "root_of", "write"]


@contextmanager
def root_of(container: RuntimeContainer) -> Iterator[int]:
    """Open the root as the container sees it; NotSupported if its runtime can't show it.

    On Windows none can: directories are not walked by descriptor there.
    """
    root = container.root_descriptor()
    try:
        yield root
    finally:
        os.close(root)


def read(root: int, path: str) -> bytes:
    """Read a whole file; NotFound if there is none, InvalidSpec for what is no regular file."""
    with file_errors(path), find(root, path) as place:
        fd = place.open_file(os.O_RDONLY)
        with open(fd, "rb") as file:
            return file.read()


def write(root: int, path: str, data: bytes) -> None:
    """Write a whole file, in place if there is one; missing directories are made."""
    with file_errors(path), find(root, path, make=True) as place:
        if place.kind() is None:
            fd = os.open(place.name, NEW, 0o644, dir_fd=place.directory)
        else:
            fd = place.open_file(os.O_WRONLY | os.O_TRUNC)
        with open(fd, "wb") as file:
            file.write(data)
