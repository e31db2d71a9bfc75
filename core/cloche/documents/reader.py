"""JSON to values: one small converter for each annotation, built when it is first needed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import Enum
from functools import cache
from types import NoneType, UnionType

from cloche.errors import InvalidSpec
from cloche.gathering import field_types, is_dataclass
from cloche.spec.integers import Bounded

from .names import json_names
from .path import json_path
from .text import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")
    Converter = Callable[[Any], Any]

__all__ = ["Mismatch", "read"]


class Mismatch(Exception):
    """The value is not what the annotation says; what is wrong with it is found out elsewhere."""


class UnknownField(Exception):
    """A field that nobody declared; the path grows on the way up."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.path: list[str | int] = [name]


def read(cls: type[T], data: bytes | str | Mapping[str, object], *, strict: bool = False) -> T:
    """Read a document of the class ``cls`` from JSON, or from what a JSON parser made of it.

    Unknown fields are ignored; with ``strict``, for documents that only Cloche writes, they are an
    error. Raises InvalidSpec with the JSON path of the first fault. Whether the values make sense
    together is not looked at: that is `check`.
    """
    document = data if isinstance(data, Mapping) else _parse(data)
    kind: Any = cls
    try:
        found: T = _object(kind, strict)(document)
        return found
    except UnknownField as unknown:
        path = json_path(unknown.path)
        raise InvalidSpec(f"{path}: there is no such field", path=path) from None
    except (Mismatch, RecursionError):
        from .explain import explain

        raise explain(cls, data) from None


def _parse(data: bytes | str) -> object:
    try:
        return parse(data)
    except (ValueError, RecursionError) as error:
        raise InvalidSpec(f"not JSON: {error}", path="") from error


def _converter(hint: Any, strict: bool) -> Converter:
    """How to read what is annotated as ``hint``; TypeError for what no document contains."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin: Any = getattr(hint, "__origin__", None)
    arguments: tuple[Any, ...] = getattr(hint, "__args__", ())
    if isinstance(hint, type) and origin is None and hint.__module__ != "typing":
        return _of_class(hint, strict)
    if isinstance(hint, UnionType):
        return _union([_converter(argument, strict) for argument in arguments])
    if origin is tuple and arguments[1:] == (...,):
        return _array(_converter(arguments[0], strict), tuple)
    if origin is list:
        return _array(_converter(arguments[0], strict), list)
    if origin in (Mapping, dict) and arguments[0] is str:
        return _mapping(_converter(arguments[1], strict))
    if hasattr(hint, "__supertype__"):
        return _converter(hint.__supertype__, strict)
    return _of_typing(hint, strict)


def _of_typing(hint: Any, strict: bool) -> Converter:
    """What only that module can make; where it was never imported, there is none of it."""
    from typing import Any, Literal, Union, get_args, get_origin

    if hint is Any:
        return _SCALARS[object]
    if get_origin(hint) is Literal:
        return _literal(get_args(hint))
    if get_origin(hint) is Union:
        return _union([_converter(argument, strict) for argument in get_args(hint)])
    raise TypeError(f"no document has a field of type {hint!r}")


def _of_class(cls: type, strict: bool) -> Converter:
    if issubclass(cls, Bounded):
        return _bounded(cls.low, cls.high)
    if is_dataclass(cls):
        kind: Any = cls
        return _object(kind, strict)
    if issubclass(cls, Enum):
        return _enum(cls)
    raise TypeError(f"no document has a field of type {cls!r}")


def _exactly(*types: type) -> Converter:
    def convert(value: object) -> object:
        if type(value) not in types:
            raise Mismatch
        return value

    return convert


_SCALARS: dict[Any, Converter] = {
    str: _exactly(str),
    bool: _exactly(bool),
    int: _exactly(int),
    float: lambda value: float(_exactly(float, int)(value)),
    NoneType: _exactly(NoneType),
    object: lambda value: value,
}


def _bounded(low: int, high: int) -> Converter:
    def convert(value: object) -> int:
        if type(value) is not int or not low <= value <= high:
            raise Mismatch
        return value

    return convert


def _literal(allowed: tuple[object, ...]) -> Converter:
    def convert(value: object) -> object:
        if type(value) not in map(type, allowed) or value not in allowed:
            raise Mismatch
        return value

    return convert


def _enum(cls: type[Enum]) -> Converter:
    members = {member.value: member for member in cls}

    def convert(value: object) -> Enum:
        if isinstance(value, (dict, list)) or value not in members:
            raise Mismatch
        return members[value]

    return convert


def _union(converters: list[Converter]) -> Converter:
    def convert(value: object) -> object:
        for alternative in converters:
            try:
                return alternative(value)
            except Mismatch:
                continue
        raise Mismatch

    return convert


def _array(convert_item: Converter, build: Callable[[Any], object]) -> Converter:
    def convert(value: object) -> object:
        if not isinstance(value, (list, tuple)):
            raise Mismatch
        done: list[object] = []
        try:
            for item in value:
                done.append(convert_item(item))
        except UnknownField as unknown:
            unknown.path.insert(0, len(done))
            raise
        return build(done)

    return convert


def _mapping(convert_item: Converter) -> Converter:
    def convert(value: object) -> dict[str, object]:
        if not isinstance(value, Mapping):
            raise Mismatch
        return {key: _below(key, convert_item, item) for key, item in value.items()}

    return convert


def _below(key: str, convert: Converter, value: object) -> object:
    try:
        return convert(value)
    except UnknownField as unknown:
        unknown.path.insert(0, key)
        raise


class _Fields(dict[str, "tuple[str, Converter] | None"]):
    """Field name and converter by JSON name; None for a JSON name that no field has."""

    def __init__(self, cls: type, strict: bool) -> None:
        self._strict = strict
        self._cls = cls
        self._names = {alias: name for name, alias in json_names(cls).items()}
        self._hints = field_types(cls)

    def __missing__(self, alias: str) -> tuple[str, Converter] | None:
        name = self._names.get(alias)
        if name is None:
            return None
        hint = _evaluate(self._hints[name], self._cls)
        self[alias] = found = name, _converter(hint, self._strict)
        return found


def _evaluate(hint: object, cls: type) -> object:
    """What an annotation means in the module that defines ``cls``."""
    if not isinstance(hint, str):
        return hint
    for base in cls.__mro__:
        try:
            return eval(hint, {}, _Scope(base.__module__))  # noqa: S307 - text of our own sources
        except NameError:
            continue
    raise TypeError(f"{cls.__qualname__}: the annotation {hint!r} names nothing")


class _Scope(dict[str, object]):
    """The names of a module, and for the parts of a Spec those that are imported lazily."""

    def __init__(self, module: str) -> None:
        super().__init__(vars(sys.modules[module]))
        self._module = module

    def __missing__(self, name: str) -> object:
        from cloche import spec

        if self._module.startswith(spec.__name__) and name in spec.__all__:
            return getattr(spec, name)
        raise KeyError(name)


@cache
def _object(cls: Any, strict: bool) -> Converter:
    known = _Fields(cls, strict)

    def convert(value: object) -> object:
        if not isinstance(value, Mapping):
            raise Mismatch
        values: dict[str, object] = {}
        for key, item in value.items():
            field = known[key]
            if field is not None:
                values[field[0]] = _below(key, field[1], item)
            elif strict:
                raise UnknownField(key)
        try:
            return cls(**values)
        except (TypeError, ValueError):
            raise Mismatch from None

    return convert
