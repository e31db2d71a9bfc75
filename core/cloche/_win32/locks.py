"""Locks between processes: bytes of files that lie beyond what they hold.

The system lets go of them when the process ends, in whatever way. A lock of Windows keeps others
from reading, too: hence bytes that nobody reads.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from ctypes import wintypes
from hashlib import blake2b

from cloche._win32.handles import handle_of

__all__ = ["lock", "place_of"]

_FAIL_IMMEDIATELY = 1
_EXCLUSIVE = 2
_LOCK_VIOLATION = 33
_IO_PENDING = 997
_FIRST = 1 << 62


class _Overlapped(ctypes.Structure):
    _fields_ = (
        ("Internal", ctypes.c_size_t),
        ("InternalHigh", ctypes.c_size_t),
        ("Offset", wintypes.DWORD),
        ("OffsetHigh", wintypes.DWORD),
        ("hEvent", wintypes.HANDLE),
    )


_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.LockFileEx.argtypes = [
    wintypes.HANDLE,
    *[wintypes.DWORD] * 4,
    ctypes.POINTER(_Overlapped),
]
_kernel.LockFileEx.restype = wintypes.BOOL


def lock(fd: int, *, wait: bool, place: int = 0) -> bool:
    """Lock one byte of an open file until ``fd`` is closed; False if another has it.

    ``place`` names which, below 2**62. To ``wait`` for it can't be interrupted.
    """
    at = _FIRST + place
    begin = _Overlapped(Offset=at & 0xFFFFFFFF, OffsetHigh=at >> 32)
    flags = _EXCLUSIVE | (0 if wait else _FAIL_IMMEDIATELY)
    if _kernel.LockFileEx(handle_of(fd), flags, 0, 1, 0, ctypes.byref(begin)):
        return True
    error = ctypes.get_last_error()
    if error in (_LOCK_VIOLATION, _IO_PENDING):
        return False
    raise ctypes.WinError(error)


def place_of(name: str) -> int:
    """Give a name's place among all that are locked in one file; names differ by more than case."""
    digest = blake2b(name.casefold().encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 2
