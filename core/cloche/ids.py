"""Ids that callers give: one rule everywhere, and what Windows adds to it."""

from __future__ import annotations

from cloche.errors import InvalidSpec
from cloche.records import check_name

__all__ = ["check_id", "is_device"]

#: Names that Windows takes for devices in every directory, whatever follows a dot.
_DEVICES = frozenset(
    ("con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)))
)


def check_id(id: object, *, windows: bool) -> str:
    """Return a proper id; InvalidSpec for any other.

    ``windows``: folders will be named by it there, so devices and a dot at the end are refused.
    """
    checked = check_name(id, "id")
    if windows and checked.endswith("."):
        raise _refused(checked, "ends with a dot, which Windows drops")
    if windows and is_device(checked):
        raise _refused(checked, "names a device on Windows")
    return checked


def is_device(name: str) -> bool:
    """Say whether Windows takes a file of this name for a device."""
    return name.partition(".")[0].lower() in _DEVICES


def _refused(id: str, why: str) -> InvalidSpec:
    return InvalidSpec(f"id: {id!r} {why}", path="id", hint="choose another")
