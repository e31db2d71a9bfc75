"""Two threads that take turns, changing over in C: neither waits for the interpreter's lock.

Python's own locks do the same at several times the price: each side wakes twice, once for the lock
and once for the interpreter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche_hcs._vmcompute import ffi, lib

if TYPE_CHECKING:
    from cloche_hcs._vmcompute import CData

__all__ = ["Turns"]


class Turns:
    """The turns of a worker and of its callers, one after the other, counted from 1."""

    __slots__ = ("_back", "_there", "_turn")

    def __init__(self) -> None:
        self._there, self._back = _baton(), _baton()
        self._turn = 0

    def go(self, milliseconds: int) -> bool:
        """As a caller: let the worker go, and wait for it to be done; false after that time."""
        self._turn += 1
        return bool(lib.cloche_exchange(self._there, self._back, self._turn, milliseconds))

    def wait(self, milliseconds: int) -> bool:
        """As a caller: wait on."""
        return bool(lib.cloche_take(self._back, self._turn, milliseconds))

    def begin(self) -> None:
        """As the worker: wait for the first turn."""
        lib.cloche_take(self._there, 1, -1)

    def done(self, turn: int) -> None:
        """As the worker: tell the caller of this turn, and wait for the next."""
        lib.cloche_exchange(self._back, self._there, turn + 1, -1)

    def end(self) -> None:
        """As the worker: tell the caller of the last turn."""
        lib.cloche_pass(self._back)


def _baton() -> CData:
    baton = lib.cloche_new_baton()
    if baton == ffi.NULL:
        raise MemoryError
    return ffi.gc(baton, lib.cloche_drop_baton)
