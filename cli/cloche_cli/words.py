"""Times, sizes and states as people say them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloche import Details

__all__ = ["ago", "duration", "printable", "short", "size", "status"]

_TIMES = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_SIZES = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_STEP = 1024
#: A fourth digit is worse than the next unit.
_MOST = 1000


def duration(seconds: float) -> str:
    """Say a time in its largest unit: ``3 s``, ``5 min``, ``2 h``, ``4 d``."""
    for unit, length in _TIMES:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "0 s"


def ago(moment: float | None) -> str:
    """Say how long a moment has passed; nothing for one that has not come."""
    return "" if moment is None else f"{duration(time.time() - moment)} ago"


def size(count: float) -> str:
    """Say a number of bytes with three digits: ``12.3 MiB``."""
    scaled = ((count / _STEP**power, unit) for power, unit in enumerate(_SIZES))
    number, unit = next((number, unit) for number, unit in scaled if number < _MOST)
    return f"{number:.3g} {unit}"


def short(digest: str) -> str:
    """Say a digest by its first twelve digits, which is as much as people compare."""
    return digest.partition(":")[2][:12]


def printable(text: str) -> str:
    """Leave nothing in a line that would move the cursor or end the line."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def status(details: Details) -> str:
    """Say what a container is doing, or how it ended."""
    if details.problem:
        return f"damaged: {details.problem}"
    if details.state.value != "stopped":
        return details.state.value
    notes = [how for how in (_ending(details), ago(details.finished)) if how]
    return f"stopped ({', '.join(notes)})" if notes else "stopped"


def _ending(details: Details) -> str:
    if details.status is None:
        return ""
    reason = details.status.reason.value
    if reason in {"timeout", "oom", "lost"}:
        return {"timeout": "timed out", "oom": "out of memory", "lost": "ending unknown"}[reason]
    return details.status.signal or f"exit {details.status.code}"
