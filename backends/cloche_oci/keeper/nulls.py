"""A null device that is nobody else's.

gVisor and crun give the streams of a process to a user, the machine's /dev/null if that is one of
them. Whoever owns that may change its mode.
"""

from __future__ import annotations

import os
import stat

from cloche_oci.keeper.kernel import NEW_MOUNTS, NOSUID, RECURSIVE, SLAVE, mount, unmount, unshare

__all__ = ["without_null"]

_NULL = os.makedev(1, 3)


def without_null(streams: list[int], place: str) -> list[int]:
    """Put a device of our own in the place of the machine's; ``place`` is an empty directory.

    Raises OSError. Descriptors that are no null device are returned as they are.
    """
    if not any(map(_is_null, streams)):
        return streams
    own = _made(place)
    return [own if _is_null(stream) else stream for stream in streams]


def _is_null(stream: int) -> bool:
    found = os.fstat(stream)
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == _NULL


def _made(place: str) -> int:
    """Open it where devices work, in a file system that goes with the descriptor."""
    unshare(NEW_MOUNTS)
    mount("", "/", "", RECURSIVE | SLAVE)
    mount("tmpfs", place, "tmpfs", NOSUID, "mode=0700,size=4k")
    try:
        path = os.path.join(place, "null")
        os.mknod(path, stat.S_IFCHR | 0o666, _NULL)
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    finally:
        unmount(place)
