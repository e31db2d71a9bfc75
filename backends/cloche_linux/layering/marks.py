"""What overlays mark their directories with: whiteouts, opaque directories, and notes of their own.

Linux, Documentation/filesystems/overlayfs.rst: a whiteout is a character device 0:0; an opaque
directory hides what lower layers have in it. Overlays of user namespaces (``userxattr``) look for
the mark among the attributes of users.
"""

from __future__ import annotations

import errno
import os
import stat

__all__ = ["is_opaque", "is_overlays", "is_whiteout"]

_OPAQUE = ("trusted.overlay.opaque", "user.overlay.opaque")
_OVERLAYS = (
    "trusted.overlay.",
    "user.overlay.",
    "user.fuseoverlayfs.",
    "security.fuseoverlayfs.",
    "user.containers.",
)


def is_overlays(attribute: str) -> bool:
    """Whether an extended attribute is an overlay's own."""
    return attribute.startswith(_OVERLAYS)


def is_opaque(directory: int | str) -> bool:
    """Whether a directory, open or by its path, hides what lower layers have in it."""
    return any(_value(directory, name) == b"y" for name in _OPAQUE)


def is_whiteout(status: os.stat_result) -> bool:
    """Whether this says that a file of a lower layer is gone."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _value(directory: int | str, name: str) -> bytes | None:
    try:
        return os.getxattr(directory, name)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP, errno.EPERM):
            return None
        raise
