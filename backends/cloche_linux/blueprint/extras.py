"""Descriptors that go along with a plan, which speaks of them by their place."""

from __future__ import annotations

import os

from cloche_linux.steps import Extra

__all__ = ["Extras"]


class Extras:
    """Collects descriptors; those it opened itself are closed by ``close``."""

    __slots__ = ("_opened", "descriptors")

    def __init__(self, preserved: tuple[int, ...] = ()) -> None:
        #: In order of place. The preserved ones come first: they become 3, 4, … of the process.
        self.descriptors: list[int] = list(preserved)
        self._opened: list[int] = []

    def lend(self, descriptor: int) -> Extra:
        """Add a descriptor that stays the caller's."""
        self.descriptors.append(descriptor)
        return Extra(len(self.descriptors) - 1)

    def open(self, path: str, flags: int = os.O_RDONLY) -> Extra:
        """Open ``path`` and add it; raises OSError."""
        return self.take(os.open(path, flags | os.O_CLOEXEC))

    def take(self, descriptor: int) -> Extra:
        """Add a descriptor that is closed by ``close``."""
        self._opened.append(descriptor)
        return self.lend(descriptor)

    def close(self) -> None:
        """Close what was opened here; repeatable."""
        while self._opened:
            os.close(self._opened.pop())
