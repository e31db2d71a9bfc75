"""HANDLEs and the C runtime's descriptors: how one becomes the other, and whose each is.

None of them is inherited by programs that this process starts.
"""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import _winapi
import msvcrt
import os

__all__ = ["close", "descriptor_of", "duplicate", "handle_of", "is_overlapped"]

_FILE_MODE_INFORMATION = 16
#: FILE_SYNCHRONOUS_IO_ALERT and FILE_SYNCHRONOUS_IO_NONALERT of ntifs.h.
_SYNCHRONOUS = 0x30


def handle_of(fd: int) -> int:
    """Give the HANDLE behind a descriptor, which goes with it; OSError if ``fd`` is not open."""
    return msvcrt.get_osfhandle(fd)


def descriptor_of(handle: int, flags: int = 0) -> int:
    """Make a descriptor of a HANDLE, which is its from now; on an error the HANDLE is closed."""
    try:
        return msvcrt.open_osfhandle(handle, flags | os.O_BINARY | os.O_NOINHERIT)
    except OSError:
        _winapi.CloseHandle(handle)
        raise


def duplicate(handle: int) -> int:
    """Make another HANDLE for the same file."""
    process = _winapi.GetCurrentProcess()
    return _winapi.DuplicateHandle(
        process, handle, process, 0, False, _winapi.DUPLICATE_SAME_ACCESS
    )


def close(handle: int) -> None:
    """Close a HANDLE; OSError if it is none."""
    _winapi.CloseHandle(handle)


def is_overlapped(handle: int) -> bool:
    """Say whether reads and writes of this HANDLE may be under way while others begin.

    A plain read of such a HANDLE is forbidden. OSError for what is no HANDLE of a file.
    """
    import ctypes
    from ctypes import wintypes

    query = ctypes.WinDLL("ntdll").NtQueryInformationFile
    query.argtypes = [wintypes.HANDLE, *[ctypes.c_void_p] * 2, wintypes.ULONG, ctypes.c_int]
    query.restype = wintypes.ULONG
    answer, mode = (ctypes.c_void_p * 2)(), wintypes.ULONG()
    status = query(handle, answer, ctypes.byref(mode), 4, _FILE_MODE_INFORMATION)
    if status:
        raise OSError(None, f"not a file's handle (status {status:#x})", None, 6)
    return not mode.value & _SYNCHRONOUS
