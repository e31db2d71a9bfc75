"""What commands print on stdout: aligned tables, and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["json_line", "print_json", "print_table", "table"]

_GAP = 3
#: What JSON leaves as it is, and terminals take for commands: DEL and the second set of controls.
_CONTROLS = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Align columns; the last one is as long as it likes, and no line ends in blanks."""
    lines = [titles, *rows]
    widths = [max(map(len, column)) + _GAP for column in zip(*lines, strict=True)]
    padded = ("".join(map(str.ljust, line, widths)).rstrip() for line in lines)
    return "\n".join(padded)


def print_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, its titles too when it is empty."""
    print(table(titles, rows))


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print a value of dicts, lists, strings and numbers; enums are their values."""
    print(_json(value, indent))


def json_line(value: object) -> str:
    """Write a value on one line, its end included."""
    return _json(value, None) + "\n"


def _json(value: object, indent: int | None) -> str:
    import json

    return json.dumps(value, indent=indent, ensure_ascii=False).translate(_CONTROLS)
