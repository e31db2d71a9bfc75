"""Waiting for descriptors, whatever their numbers: select(2) knows none above 1023."""

from __future__ import annotations

import select

__all__ = ["readable"]


def readable(file: object, seconds: float) -> bool:
    """Wait until something can be read from a descriptor or file, or it has ended."""
    poll = select.poll()
    poll.register(file, select.POLLIN)  # type: ignore[arg-type]
    return bool(poll.poll(seconds * 1000))
