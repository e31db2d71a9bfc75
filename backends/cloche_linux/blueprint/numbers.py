"""Lists of numbers as the kernel writes them: ``0-2,4``."""

from __future__ import annotations

from cloche.errors import InvalidSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["listed"]

_RANGES = r"[0-9]{1,9}(-[0-9]{1,9})?(,[0-9]{1,9}(-[0-9]{1,9})?)*"


def listed(text: str, what: str, below: int, path: str, otherwise: str = "") -> frozenset[int]:
    """Read a list of ``what`` ("processors"), all smaller than ``below``.

    Raises InvalidSpec at ``path``; ``otherwise`` is what to call what is none.
    """
    from re import fullmatch  # its import takes a while, and few containers need it

    called = f"{path}: {otherwise}: " if otherwise else f"{path}: "
    if not fullmatch(_RANGES, text):
        raise InvalidSpec(f"{called}{text!r} is not a list of {what}", path=path, hint="0-2,4")
    found = set[int]()
    for first, last in _ranges(text):
        if not first <= last < below:
            raise InvalidSpec(f"{called}no {what} are {first}-{last}", path=path, hint="0-2,4")
        found.update(range(first, last + 1))
    return frozenset(found)


def _ranges(text: str) -> Iterator[tuple[int, int]]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield int(first), int(last or first)
