"""Values to JSON, by the type of each value alone."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from cloche.gathering import is_dataclass

from .names import json_names
from .text import parse, quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")
    Writer = Callable[[Any], str]

__all__ = ["remember", "to_json", "write"]

#: The text of remembered values by their identity, and the values, lest an identity be reused.
_texts: dict[int, str | None] = {}
_remembered: list[object] = []


def write(value: object) -> bytes:
    """The JSON of a dataclass, mapping, sequence or scalar, in ASCII and without white space.

    A field that is None is left out. Bytes that a path or an argument could not decode
    (``surrogateescape``) survive a round trip through `read`. Raises TypeError for what has no
    JSON form and ValueError for a number that is not finite.
    """
    return _text(value).encode("ascii")


def to_json(value: object) -> Any:
    """The same as plain dicts, lists and scalars, ready for `json.dumps` or another serialiser."""
    return parse(write(value))


def remember(value: T) -> T:
    """Keep the text of a large, shared and immutable value once it has been written.

    Found again by identity, so only for module-level constants: they are never forgotten.
    """
    _texts[id(value)] = None
    _remembered.append(value)
    return value


def _text(value: object) -> str:
    if type(value) is str:
        return quote(value)
    if (key := id(value)) not in _texts:
        return _writers[type(value)](value)
    text = _texts[key]
    if text is None:
        text = _texts[key] = _writers[type(value)](value)
    return text


def _array(value: tuple[object, ...] | list[object]) -> str:
    return f"[{','.join([_text(item) for item in value])}]"


def _strings(value: Mapping[str, object]) -> str:
    return f"{{{','.join([f'{quote(key)}:{_text(item)}' for key, item in value.items()])}}}"


def _number(value: float) -> str:
    if value - value != 0:  # infinite, or no number
        raise ValueError(f"{value} has no JSON form")
    return repr(value)


def _object(cls: type) -> Writer:
    keys = [(name, f"{quote(alias)}:") for name, alias in json_names(cls).items()]

    def write_object(value: object) -> str:
        parts = []
        for name, key in keys:
            item = getattr(value, name)
            if item is not None:
                parts.append(key + _text(item))
        return f"{{{','.join(parts)}}}"

    return write_object


class _Writers(dict[type, "Writer"]):
    """Writers by exact type; those of dataclasses and subclasses are added when first met."""

    def __missing__(self, cls: type) -> Writer:
        self[cls] = found = self._find(cls)
        return found

    def _find(self, cls: type) -> Writer:
        if is_dataclass(cls):
            return _object(cls)
        if issubclass(cls, Enum):
            return lambda value: _text(value.value)
        if hasattr(cls, "__fspath__"):
            return lambda value: quote(str(value))
        if issubclass(cls, Mapping):
            return _strings
        for base in cls.__mro__:
            if base in self:
                return self[base]
        raise TypeError(f"{cls.__name__} has no JSON form")


_writers = _Writers(
    {
        str: quote,
        int: int.__repr__,
        float: _number,
        bool: lambda value: "true" if value else "false",
        type(None): lambda _: "null",
        tuple: _array,
        list: _array,
        dict: _strings,
    }
)
