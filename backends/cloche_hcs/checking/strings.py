"""All that goes to the service as text, with the path of each piece."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec

if TYPE_CHECKING:
    from cloche.spec import Document

__all__ = ["check_no_nul"]


def check_no_nul(document: Document | tuple[str, ...], path: str = "") -> None:
    """Raise InvalidSpec for the first text with a NUL: the service would see what is before it."""
    if not _has_nul(document):
        return
    for where, text in _texts(path, document):
        if "\0" in text:
            raise InvalidSpec(f"{where}: there is a NUL in {text!r}", path=where)


def _has_nul(value: object) -> bool:
    """The same without the paths, which few ever need to know."""
    if isinstance(value, str):
        return "\0" in value
    if value is None or isinstance(value, (int, float)):
        return False
    if isinstance(value, (tuple, list)):
        return any(map(_has_nul, value))
    if hasattr(value, "__template__"):
        return any(map(_has_nul, value.__dict__.values()))
    return isinstance(value, Mapping) and any(map(_has_nul, (*value, *value.values())))


def _texts(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(path, str(key))
            yield from _texts(_joined(path, str(key)), inner)
    elif isinstance(value, (tuple, list)):
        for position, inner in enumerate(value):
            yield from _texts(f"{path}[{position}]", inner)
    elif (names := getattr(value, "__template__", None)) is not None:
        yield from _fields(path, value, names)


def _fields(path: str, document: object, names: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    cls: type[Document] = type(document)  # type: ignore[assignment]
    for name in names:
        yield from _texts(_joined(path, cls.json_name(name)), getattr(document, name))


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
