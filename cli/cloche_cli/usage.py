"""What somebody typed wrongly, told in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HelpWanted", "UsageError", "unknown"]


class UsageError(Exception):
    """The words are not understood; the message is one line, the hint another if there is one."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class HelpWanted(Exception):
    """Somebody asked for the help page of the command that ``path`` leads to."""

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(*path)
        self.path = path


def unknown(what: str, word: str, known: Iterable[str]) -> UsageError:
    """Say that ``word`` is not known, and what is known that looks like it."""
    from difflib import get_close_matches

    message = f"unknown {what}: {word}"
    if similar := get_close_matches(word, list(known), n=1):
        message += f"; did you mean {similar[0]}?"
    return UsageError(message)
