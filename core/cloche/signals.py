"""Linux signals by name and number, the same on every host.

Containers have Linux's signals even where the host (Windows) has none; so the names don't come
from the host's ``signal`` module, which is slow to import, too. Numbers are those of every
architecture but Alpha, MIPS, PA-RISC and SPARC (signal(7)).
"""

from __future__ import annotations

__all__ = ["signal_name", "signal_number"]

# fmt: off
_NAMES = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
]
# fmt: on
_ALIASES = {"IOT": 6, "CLD": 17, "POLL": 29}
_FIRST_REAL_TIME = 34
_LAST = 64


def signal_name(number: int) -> str:
    """Name a signal: ``SIGKILL``, ``SIGRTMIN+3``; ``SIG32`` where there is no name.

    Raises ValueError for what is no signal.
    """
    if not 1 <= number <= _LAST:
        raise ValueError(f"not a signal: {number}")
    if number <= len(_NAMES):
        return f"SIG{_NAMES[number - 1]}"
    if number < _FIRST_REAL_TIME:
        return f"SIG{number}"
    return f"SIGRTMIN+{number - _FIRST_REAL_TIME}" if number > _FIRST_REAL_TIME else "SIGRTMIN"


def signal_number(signal: int | str) -> int:
    """Give the number of ``9``, ``"9"``, ``"KILL"``, ``"sigkill"`` or ``"SIGRTMIN+3"``.

    Raises ValueError for what is no signal; zero is none.
    """
    text = str(signal).strip().upper()
    if not text.isascii():
        raise ValueError(f"not a signal: {signal}")
    word = text.removeprefix("SIG")
    number = int(word) if word.isdigit() else _named(word)
    if number is None or not 1 <= number <= _LAST:
        raise ValueError(f"not a signal: {signal}")
    return number


def _named(word: str) -> int | None:
    for base, start, direction in (("RTMIN", _FIRST_REAL_TIME, 1), ("RTMAX", _LAST, -1)):
        if word.startswith(base):
            return _real_time(word.removeprefix(base), start, direction)
    return _NAMES.index(word) + 1 if word in _NAMES else _ALIASES.get(word)


def _real_time(offset: str, start: int, direction: int) -> int | None:
    if not offset:
        return start
    sign, digits = offset[0], offset[1:]
    if not digits.isdigit() or sign != ("+" if direction > 0 else "-"):
        return None
    number = start + direction * int(digits)
    return number if _FIRST_REAL_TIME <= number <= _LAST else None
