"""Which process is meant: pids are used again, and machines reboot."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["boot_id", "identify", "open_same", "pid_of"]


def identify(pid: int) -> dict[str, object]:
    """Name a living process for good: pid, start time in clock ticks, and the boot."""
    return {"pid": pid, "start": _start_time(pid), "boot": boot_id()}


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
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):
        return None
    try:
        return int(os.read(descriptor, 1024).rpartition(b")")[2].split()[19])
    except ProcessLookupError:
        return None
    finally:
        os.close(descriptor)


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Return the random name that the kernel gave to this boot."""
    with open("/proc/sys/kernel/random/boot_id", encoding="utf-8") as file:
        return file.read().strip()
