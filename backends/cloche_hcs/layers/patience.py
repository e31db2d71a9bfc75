"""Patience with what passes: a few attempts, a moment apart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ATTEMPTS", "PAUSE", "file_in_use", "patiently"]

#: How often something is tried in all.
ATTEMPTS: Final = 5
#: Seconds between two attempts.
PAUSE: Final = 0.1

#: ERROR_ACCESS_DENIED and ERROR_SHARING_VIOLATION: somebody, a virus scanner say, has it open.
_IN_USE: Final = frozenset({5, 32})

T = TypeVar("T")


def patiently(
    action: Callable[[], T],
    passes: Callable[[Exception], bool],
    before_next: Callable[[], object] = lambda: None,
) -> T:
    """Do ``action``, and again after an error that ``passes``; the last error is raised."""
    for _ in range(ATTEMPTS - 1):
        try:
            return action()
        except Exception as error:
            if not passes(error):
                raise
        before_next()
        time.sleep(PAUSE)
    return action()


def file_in_use(error: Exception) -> bool:
    """Say whether a file could not be had only because others have it open."""
    return isinstance(error, OSError) and getattr(error, "winerror", None) in _IN_USE
