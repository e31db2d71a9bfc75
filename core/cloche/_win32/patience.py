"""Patience with those who look into every file for a moment: virus scanners, indexers, backups."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["patiently"]

T = TypeVar("T")

#: ERROR_ACCESS_DENIED, which may be true, too, and ERROR_SHARING_VIOLATION (winerror.h).
_PASSING = frozenset({5, 32})
_PAUSES = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4)


def patiently(call: Callable[[], T]) -> T:
    """Call, again for most of a second while somebody else has the file; then what it raises."""
    for pause in _PAUSES:
        try:
            return call()
        except OSError as error:
            if error.winerror not in _PASSING:
                raise
        time.sleep(pause)
    return call()
