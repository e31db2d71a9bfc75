"""A container's bundle: a private directory in the one that core keeps for the container.

It holds the configuration, with all that is in the environment, so nobody else may read it; what a
keeper is told and notes; and the places where its own mounts appear, which outside are empty.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

from cloche.locations import private_directory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Bundle"]

_NAME = "oci"
_MOST = 1 << 20


class Bundle:
    """The directory ``oci`` in a container's state; it need not exist."""

    __slots__ = ("path",)

    def __init__(self, state: Path | str) -> None:
        self.path = os.path.join(state, _NAME)

    def exists(self) -> bool:
        """Whether anything of the container was begun, and not taken away."""
        return os.path.isdir(self.path)

    def make(self) -> None:
        """Make it, with the places for mounts."""
        private_directory(self.path)
        for name in ("rootfs", "links", "scratch", "null"):
            os.mkdir(self.place(name), 0o755)
        self.write("empty", b"")

    def place(self, *names: str) -> str:
        """Name a place in it."""
        return os.path.join(self.path, *names)

    def write(self, name: str, data: bytes) -> str:
        """Write a private file that is not there yet, whole; returns its path."""
        path = self.place(name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        return path

    def dump(self, name: str, document: Mapping[str, object]) -> str:
        """Write a document as JSON; returns its path."""
        return self.write(name, json.dumps(document).encode())

    def read(self, name: str) -> bytes:
        """Read what may have been written; empty if it was not."""
        try:
            with open(self.place(name), "rb") as file:
                return file.read(_MOST)
        except (FileNotFoundError, NotADirectoryError):
            return b""

    def note(self, name: str) -> dict[str, object]:
        """Read a keeper's note; empty if there is none."""
        data = self.read(name)
        found: object = json.loads(data) if data else {}
        return found if isinstance(found, dict) else {}

    def discard(self, *names: str) -> None:
        """Take files away, if they are there."""
        for name in names:
            try:
                os.unlink(self.place(name))
            except FileNotFoundError:
                continue

    def tries(self) -> list[str]:
        """Name the containers that were made in it to find something out, and not taken away."""
        return [name for name in os.listdir(self.path) if name.startswith("try-")]

    def remove(self) -> None:
        """Take all of it away; repeatable. Raises OSError if something can't be."""
        try:
            shutil.rmtree(self.path)
        except FileNotFoundError:
            return
