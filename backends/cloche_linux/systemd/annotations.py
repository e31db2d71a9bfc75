"""Properties that a configuration asks for: annotations ``org.systemd.property.NAME``.

Their values are in the text form of GVariant, as runc and crun read them: ``'text'``, ``true``,
``uint64 5``, ``@as []``. Names that end in ``Sec`` are times in seconds, told in microseconds.
Source: https://docs.gtk.org/glib/gvariant-text-format.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from cloche.errors import InvalidSpec
from cloche_linux.systemd.marshalling import split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche_linux.systemd.client import Property

__all__ = ["of_annotations"]

_PREFIX = "org.systemd.property."
_NAME = re.compile(r"[A-Z][A-Za-z]*[A-Za-z]")
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|@(?P<type>[a-z(){}]+)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>[-+]?[0-9][0-9A-Za-z.+-]*)|(?P<sign>[\[\](),]))"
)
_WORDS = {
    "boolean": "b", "byte": "y", "int16": "n", "uint16": "q", "int32": "i", "uint32": "u",
    "int64": "x", "uint64": "t", "double": "d", "string": "s", "objectpath": "o", "signature": "g",
}  # fmt: skip
_RANGES = {
    "y": (0, 2**8), "n": (-(2**15), 2**15), "q": (0, 2**16), "i": (-(2**31), 2**31),
    "u": (0, 2**32), "x": (-(2**63), 2**63), "t": (0, 2**64),
}  # fmt: skip
_ESCAPE = re.compile(r"\\(.)", re.S)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
#: What is ours to say: who is in the unit, and where it is.
_OURS = frozenset({"PIDs", "Slice", "Delegate", "DefaultDependencies"})


def of_annotations(annotations: Mapping[str, str]) -> list[Property]:
    """Read all such annotations; InvalidSpec with the path of one that can't be read."""
    return [
        _property(name.removeprefix(_PREFIX), text, f"annotations[{name}]")
        for name, text in annotations.items()
        if name.startswith(_PREFIX)
    ]


def _property(name: str, text: str, path: str) -> Property:
    if not _NAME.fullmatch(name) or name in _OURS:
        raise InvalidSpec(f"{path}: {name!r} is no property to be set", path=path)
    try:
        variant = parse(text)
        return _in_microseconds(name, variant) if name.endswith("Sec") else (name, variant)
    except ValueError as error:
        raise InvalidSpec(f"{path}: {error}", path=path) from None


def _in_microseconds(name: str, variant: tuple[str, object]) -> Property:
    if name.endswith("USec"):
        return name, variant
    kind, value = variant
    if kind not in _RANGES and kind != "d":
        raise ValueError("seconds are a number")
    micro = int(cast("float", value) * 1_000_000)
    if not 0 <= micro < 2**64:
        raise ValueError(f"{value} is not a number of seconds")
    return f"{name.removesuffix('Sec')}USec", ("t", micro)


def parse(text: str) -> tuple[str, object]:
    """Read one value: its type and itself; ValueError for anything else."""
    tokens = _Tokens(text)
    found = _value(tokens, None)
    if not tokens.ended:
        raise ValueError(f"{text!r} goes on after its value")
    return found


class _Tokens:
    """The parts of a text, one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    @property
    def ended(self) -> bool:
        return not self._text[self._place :].strip()

    def take(self, sign: str) -> bool:
        """Pass over a sign, if it is what comes next."""
        found = _TOKEN.match(self._text, self._place)
        if found is None or found["sign"] != sign:
            return False
        self._place = found.end()
        return True

    def next(self) -> re.Match[str]:
        found = _TOKEN.match(self._text, self._place)
        if found is None:
            raise ValueError(f"{self._text!r} is not a value")
        self._place = found.end()
        return found


def _value(tokens: _Tokens, kind: str | None) -> tuple[str, object]:
    """One value, of ``kind`` where that was said before it."""
    token = tokens.next()
    if (wanted := token["type"]) is not None:
        if len(split(wanted)) != 1:
            raise ValueError(f"@{wanted} is not one type")
        return _value(tokens, wanted)
    if token["word"] in _WORDS:
        return _value(tokens, _WORDS[token["word"]])
    if token["sign"] == "[":
        return _array(tokens, kind)
    if token["sign"] == "(":
        return _struct(tokens, kind)
    return _simple(token, kind)


def _simple(token: re.Match[str], kind: str | None) -> tuple[str, object]:
    if token["text"] is not None:
        return _as(kind, "s", "sog"), _ESCAPE.sub(_unescaped, token["text"][1:-1])
    if token["word"] in ("true", "false"):
        return _as(kind, "b", "b"), token["word"] == "true"
    if token["number"] is None:
        raise ValueError(f"{token[0].strip()!r} is not a value")
    if kind == "d" or (kind is None and "." in token["number"]):
        return "d", float(token["number"])
    return _integer(token["number"], _as(kind, "i", "ynqiuxt"))


def _integer(text: str, kind: str) -> tuple[str, object]:
    number, (low, high) = int(text, 0), _RANGES[kind]
    if not low <= number < high:
        raise ValueError(f"{text} is too large or too small for its type")
    return kind, number


def _as(kind: str | None, usual: str, allowed: str) -> str:
    if kind is None:
        return usual
    if kind not in allowed:
        raise ValueError(f"a value of another type than {kind}")
    return kind


def _array(tokens: _Tokens, kind: str | None) -> tuple[str, object]:
    inner = kind[1:] if kind is not None and kind[0] == "a" else None
    if kind is not None and inner is None:
        raise ValueError(f"a list is not of type {kind}")
    items: list[object] = []
    while not tokens.take("]"):
        if items and not tokens.take(","):
            raise ValueError("a list whose values no comma parts")
        inner, value = _value(tokens, inner)
        items.append(value)
    if inner is None:
        raise ValueError("an empty list of no type: @as [] is one")
    return f"a{inner}", items


def _struct(tokens: _Tokens, kind: str | None) -> tuple[str, object]:
    if kind is not None and kind[0] != "(":
        raise ValueError(f"a group of values is not of type {kind}")
    wanted: list[str] | None = split(kind[1:-1]) if kind is not None else None
    found: list[tuple[str, object]] = []
    while not tokens.take(")"):
        if found and not tokens.take(","):
            raise ValueError("a group whose values no comma parts")
        if wanted is not None and len(found) == len(wanted):
            raise ValueError(f"more values than {kind} has")
        found.append(_value(tokens, wanted[len(found)] if wanted is not None else None))
    if not found or (wanted is not None and len(found) < len(wanted)):
        raise ValueError("a group without all of its values")
    return f"({''.join(each for each, _ in found)})", tuple(value for _, value in found)


def _unescaped(found: re.Match[str]) -> str:
    return _ESCAPED.get(found[1], found[1])
