"""The root directories of containers, from outside."""

from __future__ import annotations

import errno
import os

from cloche.signalling import signal
from cloche_linux import spawn
from cloche_linux.kernel import Namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche_linux.confinement import Confinement

__all__ = ["open_root", "open_root_of_process"]


def open_root(pid: int | None, pidfd: int, confinement: Confinement) -> int:
    """Open the root directory of a container by its init; the caller's to close.

    Raises OSError, also if init has ended.
    """
    if confinement.chrooted:
        return open_root_of_process(pid, pidfd)
    return spawn.open_root(pidfd, confinement.apart & (Namespace.MOUNT | Namespace.USER))


def open_root_of_process(pid: int | None, pidfd: int) -> int:
    """Open the root directory of a process where entering its mounts does not lead to it."""
    if pid is None:
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
    root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        signal.pidfd_send_signal(pidfd, 0)  # the number may have been another's by then
    except BaseException:
        os.close(root)
        raise
    return root
