"""Windows' file times (100 ns since 1601) and the decimal seconds since 1970 of pax headers."""

from __future__ import annotations

import re

from cloche.errors import ImageError

__all__ = ["EPOCH", "from_pax", "to_pax"]

_TICKS = 10_000_000
#: 1970-01-01 as a file time.
EPOCH = 116_444_736_000_000_000
_DECIMAL = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,32}))?")


def to_pax(filetime: int) -> str:
    """Write a file time as pax does; exact."""
    ticks = filetime - EPOCH
    seconds, fraction = divmod(abs(ticks), _TICKS)
    decimals = f".{fraction:07d}".rstrip("0").rstrip(".")
    return f"{'-' if ticks < 0 else ''}{seconds}{decimals}"


def from_pax(text: str) -> int:
    """Read a time of a pax header, down to 100 ns; ImageError for what no file time can say."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ImageError(f"not a time: {text!r}")
    sign, seconds, fraction = match.groups()
    ticks = int(seconds) * _TICKS + int((fraction or "").ljust(7, "0")[:7])
    filetime = EPOCH + (-ticks if sign else ticks)
    if not 0 <= filetime < 1 << 63:
        raise ImageError(f"not a time that Windows knows: {text}")
    return filetime
