"""What came of a step, in the words of traces: error codes, exit codes, states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cloche

__all__ = ["ended", "failed"]

#: ``HRESULT_FROM_WIN32``: what traces write without it.
WIN32 = 0x8007_0000


def failed(error: BaseException) -> dict[str, Any]:
    """An error: its kind, and the code of the service (or of Windows), if there was one."""
    code = next(codes(error), None)
    return {"kind": type(error).__name__, "errno": None if code is None else hex(code)}


def codes(error: BaseException) -> Iterator[int]:
    """The codes behind an error, nearest first."""
    code = getattr(error, "code", None)
    if isinstance(code, int):
        yield code ^ WIN32 if code & 0xFFFF_0000 == WIN32 else code
    if isinstance(error, OSError) and getattr(error, "winerror", None):
        yield error.winerror
    for problem in getattr(error, "problems", ()):
        yield from codes(problem)
    if error.__cause__ is not None:
        yield from codes(error.__cause__)


def ended(status: cloche.ExitStatus | None) -> dict[str, Any]:
    """How a process ended: its code, or that nobody can tell."""
    if status is None:
        return {"error": None, "exitCode": None, "running": True}
    if status.reason is cloche.Reason.LOST:
        return {"error": {"kind": "lost", "errno": None}, "exitCode": None}
    return {"error": None, "exitCode": status.code}
