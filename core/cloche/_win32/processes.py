"""This process and this start of the machine, told from all others."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

__all__ = ["boot_id", "start_time"]

_BOOTS = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"


def start_time() -> str:
    """Say when this process was made, in the system's own count."""
    import ctypes
    from ctypes import wintypes

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    kernel.GetProcessTimes.argtypes = [wintypes.HANDLE, *[ctypes.c_void_p] * 4]
    times = [wintypes.FILETIME() for _ in range(4)]
    if not kernel.GetProcessTimes(kernel.GetCurrentProcess(), *map(ctypes.byref, times)):
        raise ctypes.WinError(ctypes.get_last_error())
    return str(times[0].dwHighDateTime << 32 | times[0].dwLowDateTime)


def boot_id() -> str:
    """Say how many times the machine was started; empty where that is not counted."""
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _BOOTS) as key:
            return str(winreg.QueryValueEx(key, "BootId")[0])
    except OSError:
        return ""
