"""What a module of tests leaves open in the process that ran it.

Others that run there later would fail for want of descriptors, far away from the cause.
"""

from __future__ import annotations

import gc
import os
import time

__all__ = ["SPARE", "Open"]

#: How many may stay: what is opened on first use, and what is there for the whole session.
SPARE = 8
#: Seconds that threads which are ending get to close theirs.
PATIENCE = 5.0


class Open:
    """The descriptors of this process when it is made, and what they led to."""

    def __init__(self) -> None:
        self.before = _opened()

    def left(self) -> list[str]:
        """What has come since and stays, if it is more than may be."""
        deadline = time.monotonic() + PATIENCE
        while len(_opened()) > len(self.before) + SPARE:
            gc.collect()  # only now, for it takes long
            if time.monotonic() > deadline:
                return [f"{fd}: {link}" for fd, link in sorted(self._new().items())]
            time.sleep(0.05)
        return []

    def _new(self) -> dict[int, str]:
        return {fd: link for fd, link in _opened().items() if self.before.get(fd) != link}


def _opened() -> dict[int, str]:
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue  # that of the directory, or of another thread
    return found
