"""Which process is meant: pids are used again, and machines reboot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.owners import boot_id

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["open_same", "pid_of"]


def pid_of(identity: Mapping[str, object]) -> int | None:
    """Tell the pid of an identity; None if it is none."""
    pid = identity.get("pid")
    return pid if isinstance(pid, int) else None


def open_same(identity: Mapping[str, object]) -> int | None:
    """Open a pidfd of the process that ``identity`` names; None if it has ended.

    The start time is read after opening: had the pid gone to another process before that, its
    start time would differ.
    """
    pid = pid_of(identity)
    if pid is None or identity.get("boot") != boot_id():
        return None
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if _start_time(pid) == identity.get("start"):
        return pidfd
    os.close(pidfd)
    return None


def _start_time(pid: int) -> int | None:
    """Field 22 of /proc/pid/stat; the command before it may hold spaces and parentheses."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except (FileNotFoundError, ProcessLookupError):
        return None
