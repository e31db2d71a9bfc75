"""Flags as callers of OCI runtimes write them: Go's grammar, which is not that of `cloche`.

``--flag value``, ``--flag=value``, one dash as good as two, short flags together (``-it``). Flags
end at the first other word where more words may be commands of somebody else's.
"""

from __future__ import annotations

from cloche.errors import InvalidSpec
from cloche.named import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Literal, TypeAlias

    Kind: TypeAlias = Literal["switch", "text", "number", "list"]

__all__ = ["Flag", "Help", "Typed", "read"]


class Flag(NamedTuple):
    """One flag: its name, how it is read, what it is good for, and other names."""

    name: str
    kind: Kind
    help: str
    others: tuple[str, ...] = ()


class Help(Exception):
    """Somebody asked for the page."""


class Typed:
    """What was typed: flags by their names, and the other words."""

    __slots__ = ("_values", "words")

    def __init__(self, values: Mapping[str, object], words: list[str]) -> None:
        self._values = values
        self.words = words

    def switch(self, name: str) -> bool:
        """Whether a switch is on."""
        return self._values.get(name) is True

    def text(self, name: str) -> str | None:
        """The value of a flag; None if it was not given."""
        value = self._values.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int:
        """The number of a flag; 0 if it was not given."""
        value = self._values.get(name)
        return value if isinstance(value, int) else 0

    def list(self, name: str) -> list[str]:
        """All values of a flag that may be given several times."""
        value = self._values.get(name)
        return value if isinstance(value, list) else []


def read(flags: Sequence[Flag], words: Sequence[str], *, mixed: bool) -> Typed:
    """Read a line; ``mixed``: flags may stand behind other words, too.

    Raises InvalidSpec for an unknown flag or a wrong value, Help for ``--help``.
    """
    known = {name: flag for flag in flags for name in (flag.name, *flag.others)}
    values: dict[str, object] = {}
    others: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            others += rest
        elif word == "-" or not word.startswith("-"):
            others.append(word)
            others += () if mixed else rest
        else:
            _take(known, word, rest, values)
    return Typed(values, others)


def _take(
    known: Mapping[str, Flag], word: str, rest: Iterator[str], values: dict[str, object]
) -> None:
    name, given, value = word.lstrip("-").partition("=")
    if name in ("help", "h") and name not in known:
        raise Help
    together = not word.startswith("--") and not given and _all_short(known, name)
    for each in name if together else (name,):
        flag = known.get(each)
        if flag is None:
            raise InvalidSpec(f"flag provided but not defined: -{each}", path=each)
        _set(flag, value if given else None, rest, values)


def _all_short(known: Mapping[str, Flag], name: str) -> bool:
    if name in known or len(name) < 2:
        return False
    return all(letter in known and known[letter].kind == "switch" for letter in name)


def _set(flag: Flag, value: str | None, rest: Iterator[str], values: dict[str, object]) -> None:
    if flag.kind == "switch":
        values[flag.name] = _truth(flag, "true" if value is None else value)
        return
    text = next(rest, None) if value is None else value
    if text is None:
        raise InvalidSpec(f"flag needs an argument: -{flag.name}", path=flag.name)
    if flag.kind == "number":
        if not text.isdecimal() or not text.isascii():
            raise InvalidSpec(f"invalid value {text!r} for flag -{flag.name}", path=flag.name)
        values[flag.name] = int(text)
    elif flag.kind == "list":
        listed = values.setdefault(flag.name, [])
        assert isinstance(listed, list)
        listed.append(text)
    else:
        values[flag.name] = text


def _truth(flag: Flag, text: str) -> bool:
    if text.lower() in ("true", "t", "1"):
        return True
    if text.lower() in ("false", "f", "0"):
        return False
    raise InvalidSpec(f"invalid boolean value {text!r} for -{flag.name}", path=flag.name)
