"""The lines that steer the stand-in service; `steering.h` says what each means."""

from __future__ import annotations

from typing import Final, Literal

__all__ = [
    "EVERY",
    "NO_DELAYS",
    "Nth",
    "disconnect",
    "document",
    "fault",
    "hang",
    "notification",
    "process",
    "result",
    "system",
]

EVERY: Final = "*"
Nth = int | Literal["*"]
NO_DELAYS: Final = "pace\t0"
"""Nothing is waited for on purpose: for counting what calls cost."""


def fault(function: str, code: int, nth: Nth = EVERY, match: str = "") -> str:
    """Answer with this code, and do nothing; 0 and 0xC0370103 let the call take effect."""
    return _line("fault", function, nth, hex(code), match)


def result(function: str, document: str, nth: Nth = EVERY) -> str:
    """Give this result document, verbatim; ``NULL`` for none."""
    return _line("result", function, nth, document)


def hang(function: str, nth: Nth = 1, moment: Literal["before", "after"] = "before") -> str:
    """Do not return until released; before or after taking effect."""
    return _line("hang", function, nth, moment)


def disconnect(function: str, nth: Nth = 1) -> str:
    """Lose the service at that call."""
    return _line("disconnect", function, nth)


def process(
    nth: Nth = EVERY,
    mode: Literal["exit", "echo", "run", "real"] = "exit",
    *,
    stdout: bytes = b"",
    stderr: bytes = b"",
    code: int = 0,
    delay: int = 50,
    status: int = 0,
    last_wait_result: int = 0,
    ignores_signals: bool = False,
) -> str:
    """What the nth process does: exit after a delay (ms), echo its input, run on, or be real."""
    ending = (code, delay, hex(status), last_wait_result)
    signals = "ignored" if ignores_signals else ""
    return _line("proc", nth, mode, stdout.hex(), stderr.hex(), *ending, signals)


def notification(
    type: str,
    action: int | Literal["swallow", "early", "duplicate", "late", "held", "reordered"],
    nth: Nth = EVERY,
    id: str = "",
    milliseconds: int = 0,
) -> str:
    """Say how a notification of this type (``SystemExited``…) is delivered, or its status."""
    told = hex(action) if isinstance(action, int) else action
    return _line("notify", type, nth, told, id, milliseconds)


def system(
    id: str,
    owner: str = "cloche",
    type: str = "Container",
    state: Literal["created", "running"] = "running",
) -> str:
    """A system that is there before the first call."""
    return _line("system", id, owner, type, state)


def document(kind: Literal["enumerate", "sysprops", "procprops", "service"], text: str) -> str:
    """Give this document in the place of the true one; ``NULL`` for none."""
    return _line(kind, text)


def _line(*fields: object) -> str:
    return "\t".join(map(str, fields))
