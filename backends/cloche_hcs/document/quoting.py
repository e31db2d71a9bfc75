"""Command lines: Windows gives a program one string, and each program splits it for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche.spec import Process

__all__ = ["command_line", "joined", "quoted"]


def command_line(process: Process) -> str:
    """Give the command line as it was written, else one made of the arguments."""
    if process.command_line is not None:
        return process.command_line
    return joined(process.args or ())


def joined(args: Iterable[str]) -> str:
    """Make one string that the C run-time library takes apart into ``args`` again.

    ``subprocess.list2cmdline`` makes the same.
    """
    return " ".join(map(quoted, args))


def quoted(argument: str) -> str:
    r"""Quote one argument, where it needs that.

    A backslash is itself, unless a quotation mark follows the last of a row of them: there each is
    doubled (https://learn.microsoft.com/cpp/c-language/parsing-c-command-line-arguments).
    """
    if argument and " " not in argument and "\t" not in argument:
        return _escaped(argument)
    return f'"{_escaped(argument)}{_trailing(argument)}"'


def _escaped(argument: str) -> str:
    *before, last = argument.split('"')
    return "".join(f'{part}{_trailing(part)}\\"' for part in before) + last


def _trailing(text: str) -> str:
    """The backslashes at the end."""
    return text[len(text.rstrip("\\")) :]
