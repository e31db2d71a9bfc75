"""Feed a process, read what it writes, and see its end."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from cloche._win32.drain import Drain
else:
    from cloche._drain_poll import Drain

__all__ = ["Drain", "decoded"]


def decoded(output: bytes | None) -> str | None:
    """What ``text=True`` makes of output: UTF-8 with replacement, and lines that end alike."""
    if output is None:
        return None
    return output.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
