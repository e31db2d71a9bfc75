"""Turns: what concerns one id is done by one thread of one process at a time."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["turn"]

_PAUSES = (0.001, 0.01, 0.05)


@contextmanager
def turn(path: str) -> Iterator[None]:
    """Hold the lock file ``path``, which exists only while somebody does; wait for others.

    Ends by itself when the process dies. Raises OSError if there can be no such file.
    """
    descriptor = _enter(path)
    try:
        yield
    finally:
        _leave(path, descriptor)


def _enter(path: str) -> int:
    while True:
        descriptor = _open(path)
        try:
            _lock(descriptor)
            if _is_current(descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # whoever had the turn took the file away


if sys.platform == "win32":
    import msvcrt

    #: Between an unlink and the last close the name can't be used: ERROR_ACCESS_DENIED.
    def _open(path: str) -> int:
        while True:
            try:
                return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOINHERIT, 0o600)
            except PermissionError:
                if not os.access(os.path.dirname(path), os.W_OK):
                    raise
                time.sleep(_PAUSES[1])

    def _lock(descriptor: int) -> None:
        attempt = 0
        while True:
            try:
                return msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:  # no errno says reliably that somebody else has it
                time.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
                attempt += 1

    def _is_current(descriptor: int) -> bool:
        return True  # what is open can't be removed

    def _leave(path: str, descriptor: int) -> None:
        os.close(descriptor)
        with suppress(PermissionError, FileNotFoundError):  # the next one has it open: theirs
            os.unlink(path)

else:
    import fcntl

    def _open(path: str) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _is_current(descriptor: int) -> bool:
        return os.fstat(descriptor).st_nlink > 0

    def _leave(path: str, descriptor: int) -> None:
        os.unlink(path)  # while it is locked it is still this turn's
        os.close(descriptor)
