"""The sentences in which a check fails, and the questions that all checks ask."""

from __future__ import annotations

from cloche.errors import InvalidSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["absolute", "among", "fault", "positive", "text", "unique"]


def fault(path: str, what: str) -> InvalidSpec:
    """The error for the field at ``path``."""
    return InvalidSpec(f"{path}: {what}", path=path)


def text(path: str, value: str) -> None:
    """Something is there, and it can be a C string."""
    if not value:
        raise fault(path, "is empty")
    if "\0" in value:
        raise fault(path, "contains a NUL character")


def absolute(path: str, value: str) -> None:
    """A path from the root."""
    text(path, value)
    if not value.startswith("/"):
        raise fault(path, f"{value!r} is not an absolute path")


def positive(path: str, value: int) -> None:
    """One at least."""
    if value <= 0:
        raise fault(path, "must be greater than 0")


def among(path: str, value: str, known: Collection[str], otherwise: str = "") -> None:
    """One of the values that there are; ``otherwise`` is what to call what is none."""
    if value not in known:
        called = f"{otherwise}: " if otherwise else ""
        raise fault(path, f"{called}{value!r} is none of {', '.join(known)}")


def unique(path: str, field: str, values: list[str]) -> None:
    """No two items of the list at ``path`` have the same ``field``."""
    for position, value in enumerate(values):
        if value in values[:position]:
            raise fault(f"{path}[{position}].{field}", f"{value!r} is there twice")
