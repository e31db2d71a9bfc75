"""How programs of others end, in the words that callers know."""

from __future__ import annotations

import re
import signal

__all__ = ["ending", "told"]

_TOLD = re.compile(r"(exit|signal) ([0-9]+)(.*)", re.DOTALL)


def ending(code: int) -> str:
    """An exit code, or a signal as its negative number."""
    if code >= 0:
        return f"exit {code}"
    return f"signal: {(signal.strsignal(-code) or str(-code)).lower()}"


def told(detail: str) -> str | None:
    """What the helper says of a program that failed: its end and its words; None for nothing."""
    found = _TOLD.fullmatch(detail)
    if found is None:
        return None
    kind, number, words = found.groups()
    return (ending(int(number) if kind == "exit" else -int(number)) + words).strip()
