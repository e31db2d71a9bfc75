"""What stands at the relay's ends: pipes to users, and descriptors as the relay takes them."""

from __future__ import annotations

import sys

__all__ = ["close", "duplicate", "from_relay", "relayable", "to_relay"]

if sys.platform == "win32":
    from cloche._win32.handles import close, duplicate
    from cloche._win32.pipes import from_relay, relayable, to_relay
else:
    import os

    def close(end: int) -> None:
        """Close what ``Relay.copy`` would have taken; OSError if it is none."""
        os.close(end)

    def duplicate(end: int) -> int:
        """Make another of what ``Relay.copy`` takes, for the same file."""
        return os.dup(end)

    def relayable(fd: int) -> int:
        """Duplicate a descriptor into what ``Relay.copy`` takes: on Windows a HANDLE."""
        return os.dup(fd)

    def to_relay() -> tuple[int, int]:
        """Make a pipe: what ``Relay.copy`` reads from, and the descriptor that is written to."""
        return os.pipe()

    def from_relay() -> tuple[int, int]:
        """Make a pipe: the descriptor that is read from, and what ``Relay.copy`` writes to."""
        return os.pipe()
