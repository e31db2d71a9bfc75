"""The functions of ``signal`` in C, and its numbers, without what it makes of them at its import.

Of the start of a program as short as ours, three enumerations are a part that can be measured.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal

__all__ = ["signal"]
