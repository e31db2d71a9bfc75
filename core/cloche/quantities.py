"""Sizes, times and numbers, as people write them. Every error names the parameter."""

from __future__ import annotations

import re

from cloche.errors import InvalidSpec

__all__ = ["cpus", "duration", "integer", "size"]

_NUMBER = re.compile(r"(\d+(?:\.\d*)?|\.\d+) *([a-z]*)")
_SIZES = {"": 1, "b": 1} | {
    letter + ending: 1024**power
    for power, letter in enumerate("kmgtp", 1)
    for ending in ("", "b", "ib")
}
_TIMES = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_LARGEST = 2**63 - 1


def size(parameter: str, value: object) -> int:
    """Read bytes: a number, or one with a binary suffix of any case (``256M``, ``1.5g``)."""
    number, unit = _split(value)
    factor = _SIZES.get(unit)
    if number is None or factor is None or number * factor > _LARGEST:
        raise InvalidSpec(
            f"{parameter}: {value!r} is not a size",
            path=parameter,
            hint="a number of bytes, or with K, M, G or T: 256M",
        )
    return int(number * factor)


def duration(parameter: str, value: object) -> float:
    """Read seconds: a number, or one with a unit (``5s``, ``1m``, ``250ms``)."""
    number, unit = _split(value)
    factor = _TIMES.get(unit)
    if number is None or factor is None:
        raise InvalidSpec(
            f"{parameter}: {value!r} is not a time",
            path=parameter,
            hint="a number of seconds, or with a unit: 5, 5s, 1m, 250ms",
        )
    return number * factor


def cpus(parameter: str, value: object) -> float:
    """Read a number of processors, which may be a fraction."""
    number, unit = _split(value)
    if number is None or unit or not 0.001 <= number <= 1_000_000:
        raise InvalidSpec(
            f"{parameter}: {value!r} is not a number of processors",
            path=parameter,
            hint="0.5 is half of one",
        )
    return number


def integer(parameter: str, value: object, low: int, high: int) -> int:
    """Read a whole number between two others, as a number or in decimal digits."""
    if isinstance(value, str) and re.fullmatch(r"-?\d+", value.strip()):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InvalidSpec(
            f"{parameter}: {value!r} is not a whole number from {low} to {high}", path=parameter
        )
    return value


def _split(value: object) -> tuple[float | None, str]:
    if isinstance(value, bool):
        return None, ""
    if isinstance(value, int | float):
        return (value, "") if 0 <= value <= _LARGEST else (None, "")
    found = _NUMBER.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    return (float(found[1]), found[2]) if found else (None, "")
