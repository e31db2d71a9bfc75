"""JSON text, by what the interpreter has for it in C.

The `json` around that imports regular expressions, which takes longer than to read a document. It
is asked where there is no such C, and about all that is not plain, which errors are.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["parse", "quote"]

_BLANKS = " \t\r\n"


def parse(data: bytes | str) -> Any:
    """Read JSON, without the numbers that it does not have; ValueError says where it is wrong."""
    try:
        text = (data if isinstance(data, str) else data.decode()).strip(_BLANKS)
        found, end = _scan(text, 0)
    except (ValueError, StopIteration, SystemError):
        return _parse_by_library(data)
    return found if end == len(text) else _parse_by_library(data)


def _parse_by_library(data: bytes | str) -> object:
    from json import loads

    # Of bytes, ``loads`` would take other encodings, and halves of surrogate pairs.
    text = data if isinstance(data, str) else data.decode()
    found: object = loads(text, parse_constant=_refuse)
    return found


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON number")


class _Strictly:
    """What the scanner asks: the same as `json.JSONDecoder` says."""

    strict = True
    object_hook = object_pairs_hook = array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_refuse)


def _by_library(text: str, start: int) -> tuple[object, int]:
    raise StopIteration(start)


def _scanner() -> Callable[[str, int], tuple[object, int]]:
    """The scanner in C.

    Without `json.decoder` it has no class for its errors and fails by SystemError instead, for
    which a debug build of Python would end the process.
    """
    try:
        from _json import make_scanner

        scan: Callable[[str, int], tuple[object, int]] = make_scanner(_Strictly)  # type: ignore[arg-type]
    except (ImportError, AttributeError):
        return _by_library
    return _by_library if hasattr(sys, "gettotalrefcount") else scan


_scan = _scanner()

try:
    from _json import encode_basestring_ascii as quote
except ImportError:
    from json.encoder import encode_basestring_ascii as quote
