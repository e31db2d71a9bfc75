"""``signal`` without its enumerations, whose making takes as long as all other work of a program's
start: the functions in C, and numbers. To a type checker it is that module."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal

__all__ = ["signal"]
