"""The queue into which the callback posts; the pump alone reads it."""

from __future__ import annotations

from typing import Any, NamedTuple

from cloche_hcs._vmcompute import ffi, lib
from cloche_hcs.notification import Notification
from cloche_hcs.vmcompute.strings import read

__all__ = ["Posted", "close_gate", "next_notification", "open_gate"]


class Posted(NamedTuple):
    """A notification, and the key under which its callback was registered."""

    key: int
    notification: Notification


def next_notification(timeout: float | None = None) -> Posted | None:
    """Wait in C for the next one; None after ``timeout`` seconds, or when the gate is closed."""
    posted: Any = lib.cloche_next(-1 if timeout is None else int(timeout * 1000))
    if posted == ffi.NULL:
        return None
    try:
        data = read(posted.data, posted.length) if posted.has_data else None
        return Posted(int(posted.key), Notification(int(posted.type), int(posted.status), data))
    finally:
        lib.cloche_release(posted)


def open_gate() -> None:
    """Let notifications in."""
    lib.cloche_open_gate()


def close_gate() -> None:
    """Let no further notification in, and let all who wait for one go."""
    lib.cloche_close_gate()
