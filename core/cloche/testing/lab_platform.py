"""What the suites ask the platform: what this process holds, and whether a pipe has something."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

__all__ = ["children", "descriptors", "end_of", "is_open", "is_ready"]


def is_open(fd: int | str | None) -> bool:
    """Say whether a descriptor is open in this process."""
    if not isinstance(fd, int):
        return False
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


if sys.platform == "win32":
    import _winapi
    import msvcrt

    from cloche.pipes import relayable

    _PAUSE = 0.005

    def descriptors() -> int:
        """Count the HANDLEs of this process."""
        import ctypes
        from ctypes import wintypes

        kernel, count = ctypes.WinDLL("kernel32"), wintypes.DWORD()
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        kernel.GetProcessHandleCount.argtypes = [wintypes.HANDLE, ctypes.c_void_p]
        kernel.GetProcessHandleCount(kernel.GetCurrentProcess(), ctypes.byref(count))
        return count.value

    def children() -> set[int]:
        """Name nobody: nothing is left to be waited for here."""
        return set()

    def is_ready(fd: int, seconds: float) -> bool:
        """Wait so long for something to read from a pipe, or its end."""
        deadline = time.monotonic() + seconds
        while not _has_something(fd):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE)
        return True

    def _has_something(fd: int) -> bool:
        try:
            waiting = _winapi.PeekNamedPipe(msvcrt.get_osfhandle(fd), 0)[0]
        except OSError:  # its other side is closed
            return True
        return waiting != 0

    def end_of(fd: int) -> int:
        """Turn a descriptor into an end as ``Pipes`` has it: a HANDLE."""
        made = relayable(fd)
        os.close(fd)
        return made

else:
    import select

    def descriptors() -> int:
        """Count the descriptors of this process."""
        return len(os.listdir("/proc/self/fd"))

    def children() -> set[int]:
        """Name the children of this process that have not been waited for, whichever thread's."""
        found: set[int] = set()
        for task in os.listdir("/proc/self/task"):
            with suppress(FileNotFoundError), open(f"/proc/self/task/{task}/children") as file:
                found.update(map(int, file.read().split()))
        return found

    def is_ready(fd: int, seconds: float) -> bool:
        """Wait so long for something to read, or the end."""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return bool(poll.poll(1000 * seconds))

    def end_of(fd: int) -> int:
        """Turn a descriptor into an end as ``Pipes`` has it: the descriptor itself."""
        return fd
