"""Leases: what is needed although nobody names it yet, for as long as a process lives.

A lease is a file that its holder has locked. The system lets go of the lock when the process ends,
in whatever way, and the next who collects removes the file.
"""

from __future__ import annotations

import os
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from cloche._disk import open_existing, open_new, try_lock, unlink
from cloche._disk import read as content_of
from cloche.errors import BackendError

from .layout import listed, machine_errors, write_all

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from .layout import Layout

__all__ = ["Lease", "Leases"]


class Leases:
    """The leases on what is below one directory; thread-safe, and safe beside other processes."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def hold(self, *digests: str, reason: str) -> Lease:
        """Hold blobs, and all that they refer to, until the lease is closed or the process ends.

        What is not there yet is held as soon as it comes. A digest may also be a diffID, for those
        who keep unpacked layers. Waits while somebody collects. Raises Unavailable where the disk
        is full.
        """
        return Lease(self._layout, reason, digests)

    def held(self) -> dict[str, frozenset[str]]:
        """Say what is held now, by lease; for who holds the lock of the layout.

        Leases of processes that have ended are removed.
        """
        found = {}
        for file in listed(self._layout.leases):
            path = os.path.join(self._layout.leases, file)
            with suppress(FileNotFoundError):
                if not _forget_if_dead(path):
                    found[file] = frozenset(content_of(path).decode().split("\n")[1:-1])
        return found


class Lease:
    """One lease, to be used as a context manager; ``add`` may be called on any thread."""

    def __init__(self, layout: Layout, reason: str, digests: tuple[str, ...]) -> None:
        self._layout = layout
        self.name = f"{os.getpid()}-{os.urandom(6).hex()}"
        self._path = os.path.join(layout.leases, self.name)
        self._lock = Lock()
        self._held: set[str] = set()
        self._fd = -1
        with layout.locked():
            self._fd = open_new(self._path)
            try:
                if not try_lock(self._fd):
                    raise BackendError(f"{self._path} is locked by another", path=self._path)
                self._append(" ".join(reason.split()), *digests)
            except BaseException:
                self.close()
                raise
        self._held.update(digests)

    @property
    def digests(self) -> frozenset[str]:
        """What it holds."""
        return frozenset(self._held)

    def add(self, *digests: str) -> None:
        """Hold further ones. When this returns, what is there of them stays."""
        with self._lock:
            new = [digest for digest in dict.fromkeys(digests) if digest not in self._held]
            if new:
                with self._layout.locked():
                    self._append(*new)
                self._held.update(new)

    def _append(self, *lines: str) -> None:
        write_all(self._fd, "".join(f"{line}\n" for line in lines).encode())

    def close(self) -> None:
        """Hold no more; repeatable."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            try:
                with machine_errors(self._path), suppress(FileNotFoundError):
                    unlink(self._path)
            finally:
                os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _forget_if_dead(path: str) -> bool:
    fd = open_existing(path)
    try:
        if dead := try_lock(fd):
            unlink(path)
        return dead
    finally:
        os.close(fd)
