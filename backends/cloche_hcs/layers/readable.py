"""The little of a file that importing and exporting a layer needs."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Readable", "Writable"]


class Readable(Protocol):
    """Gives bytes in order; none at the end."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes."""
        ...


class Writable(Protocol):
    """Takes bytes in order."""

    def write(self, data: bytes, /) -> object:
        """Take all of ``data``."""
        ...
