"""Completion ports, by the standard library's own module for them, which has no types."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import _overlapped  # type: ignore[import-not-found]
import _winapi
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Completion", "Operation", "Port", "new_operation"]

_INFINITE = 0xFFFFFFFF


class Operation(Protocol):
    """One read or write under way; it must be kept until its completion has come."""

    @property
    def address(self) -> int:
        """What the completion is known by."""
        ...

    def ReadFile(self, handle: int, size: int, /) -> None:  # noqa: N802 - its name
        """Begin to read. OSError if it can't be begun: no completion comes then."""
        ...

    def WriteFile(self, handle: int, data: memoryview, /) -> None:  # noqa: N802 - its name
        """Begin to write, as ``ReadFile``."""
        ...

    def cancel(self) -> None:
        """Ask it to end; its completion still comes."""
        ...

    def getresult(self, wait: bool = False, /) -> bytes | int:
        """What was read, or how many bytes were written; OSError if it has failed."""
        ...


class Completion(NamedTuple):
    """What a port tells of an operation that has ended; ``address`` 1 if ``wake`` was called."""

    error: int
    transferred: int
    key: int
    address: int


class Port:
    """One completion port."""

    def __init__(self) -> None:
        self._handle: int = _overlapped.CreateIoCompletionPort(
            _overlapped.INVALID_HANDLE_VALUE, 0, 0, 1
        )

    def associate(self, handle: int) -> None:
        """Have completions of this HANDLE's file come here, once for each file; OSError."""
        _overlapped.CreateIoCompletionPort(handle, self._handle, 0, 0)

    def wake(self) -> None:
        """Have ``wait`` return, with an address that no operation has (0 is told as an error)."""
        _overlapped.PostQueuedCompletionStatus(self._handle, 0, 0, 1)

    def wait(self, milliseconds: int = _INFINITE) -> Completion | None:
        """Wait for one completion; None if none came in time."""
        found = _overlapped.GetQueuedCompletionStatus(self._handle, milliseconds)
        return None if found is None else Completion(*found)

    def __del__(self, close: Callable[[int], object] = _winapi.CloseHandle) -> None:
        close(self._handle)  # a default: modules may have been emptied when this comes


def new_operation() -> Operation:
    """Make an operation that has not begun."""
    made: Operation = _overlapped.Overlapped(0)
    return made
