"""Turns: what concerns one file is done by one thread of one process at a time."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["hold", "let_go", "turn"]


@contextmanager
def turn(path: str) -> Iterator[None]:
    """Hold the lock file ``path``, which exists only while somebody does; wait for others.

    Ends by itself when the process dies. Raises OSError if there can be no such file.
    """
    descriptor = hold(path, os.O_CREAT)
    try:
        yield
    finally:
        let_go(path, descriptor, remove=True)


def hold(path: str, flags: int = 0) -> int:
    """Open a file for reading and appending, and wait until nobody else holds it.

    ``flags`` may have O_CREAT and O_EXCL. The descriptor is to be given to ``let_go``; until then,
    or until the process dies, the file stays where it is. Raises OSError.
    """
    while True:
        descriptor = _open(path, flags | os.O_RDWR | os.O_APPEND)
        try:
            _lock(descriptor)
            if _is_current(descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # whoever held it took it away


if sys.platform == "win32":
    import msvcrt

    #: Seconds between two looks at a file that somebody else holds, at first and later.
    _PAUSES = (0.001, 0.01, 0.05)
    #: Looks at a file that is just being removed: until the last one closes it, access is denied.
    _LOOKS = 200
    #: What is locked can't be read by others, so it is a byte where no content is.
    _PLACE = 1 << 30

    def _open(path: str, flags: int) -> int:
        for _ in range(_LOOKS):
            with suppress(PermissionError):
                return os.open(path, flags | os.O_BINARY | os.O_NOINHERIT, 0o600)
            time.sleep(_PAUSES[1])
        return os.open(path, flags | os.O_BINARY | os.O_NOINHERIT, 0o600)

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        attempt = 0
        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            except OSError:  # no errno says reliably that somebody else has it
                time.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
                attempt += 1
            else:
                break
        os.lseek(descriptor, 0, os.SEEK_SET)

    def _is_current(descriptor: int) -> bool:
        return True  # what is open can't be removed

    def let_go(path: str, descriptor: int, *, remove: bool) -> None:
        """Let others have the file, or remove it; what others have open they will remove."""
        os.close(descriptor)
        if remove:
            with suppress(PermissionError, FileNotFoundError):
                os.unlink(path)

else:
    import fcntl

    def _open(path: str, flags: int) -> int:
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _is_current(descriptor: int) -> bool:
        return os.fstat(descriptor).st_nlink > 0

    def let_go(path: str, descriptor: int, *, remove: bool) -> None:
        """Let others have the file, or remove it."""
        try:
            if remove:
                os.unlink(path)  # as long as it is held it is still the same
        finally:
            os.close(descriptor)
