"""One thread that waits for many things: what exits and the relay stand on, chosen by platform."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from cloche._loop_queue import Loop
else:
    from cloche._loop_epoll import Loop

__all__ = ["Loop", "reactor"]

#: Tells the futures of exits; callbacks of users run on it, so nothing else does.
reactor = Loop("cloche-exits")
