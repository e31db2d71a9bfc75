"""System calls that the standard library of Python 3.11 lacks."""

from __future__ import annotations

import ctypes
import os

__all__ = [
    "BIND",
    "NEW_MOUNTS",
    "NEW_USER",
    "NODEV",
    "NOSUID",
    "RECURSIVE",
    "SLAVE",
    "adopt_orphans",
    "mount",
    "set_namespace",
    "unmount",
    "unshare",
]

NEW_MOUNTS, NEW_USER = 0x0002_0000, 0x1000_0000  # sched.h
NOSUID, NODEV, BIND, RECURSIVE, SLAVE = 2, 4, 4096, 16384, 1 << 19  # sys/mount.h
_DETACH = 2
_SET_CHILD_SUBREAPER = 36  # sys/prctl.h

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Leave what is shared with others; raises OSError."""
    _check(_libc.unshare(flags), "unshare")


def set_namespace(descriptor: int, kind: int) -> None:
    """Join a namespace; raises OSError."""
    _check(_libc.setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    """Mount (mount(2)); raises OSError naming the target."""
    words = (os.fsencode(word) for word in (source, target, kind))
    done = _libc.mount(*words, ctypes.c_ulong(flags), os.fsencode(options) or None)
    _check(done, f"mount {kind or source}", target)


def unmount(target: str) -> None:
    """Unmount now, or as soon as nobody is in there; raises OSError naming the target."""
    _check(_libc.umount2(os.fsencode(target), _DETACH), "umount", target)


def adopt_orphans() -> None:
    """Become the parent of every descendant that loses its own."""
    _check(_libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def _check(result: int, what: str, path: str | None = None) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}", path)
