"""What a registry wants to hear before it answers: ``WWW-Authenticate`` (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cloche.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Challenge", "parse_challenges"]

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - a word of the grammar
_SPACE = re.compile(r"[ \t,]*")
_PARAMETER = re.compile(rf'({_TOKEN})[ \t]*=[ \t]*(?:({_TOKEN})|"((?:[^"\\]|\\.)*)")')
_SCHEME = re.compile(rf"({_TOKEN})(?:[ \t]+|(?=,)|$)")
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)")
_ESCAPED = re.compile(r"\\(.)")


class Challenge(Value):
    """One way of authenticating, in lower case, with its parameters by lower-case name."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Read all challenges of an answer; what can't be read ends a header, it is no error."""
    return [challenge for header in headers for challenge in _parse(header)]


def _parse(header: str) -> list[Challenge]:
    found: list[tuple[str, dict[str, str]]] = []
    place = _skip(header, 0)
    while place < len(header):
        if found and (parameter := _PARAMETER.match(header, place)):
            name, token, quoted = parameter.groups()
            value = _ESCAPED.sub(r"\1", quoted) if quoted is not None else token
            found[-1][1].setdefault(name.lower(), value)
            place = parameter.end()
        elif scheme := _SCHEME.match(header, place):
            found.append((scheme[1].lower(), {}))
            place = _after_token68(header, scheme.end())
        else:
            break
        place = _skip(header, place)
    return [Challenge(scheme, parameters) for scheme, parameters in found]


def _after_token68(header: str, place: int) -> int:
    """Some schemes have one word instead of parameters; none of ours does."""
    word = _TOKEN68.match(header, place)
    return word.end() if word and not _PARAMETER.match(header, place) else place


def _skip(header: str, place: int) -> int:
    space = _SPACE.match(header, place)
    return space.end() if space else place
