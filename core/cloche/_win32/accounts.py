"""Accounts by their security identifiers: who we are, and whom the system itself is made of."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
from ctypes import wintypes
from functools import cache

__all__ = ["ADMINISTRATORS", "SYSTEM", "may_administer", "sid_text", "trusted", "user"]

ADMINISTRATORS = "S-1-5-32-544"
SYSTEM = "S-1-5-18"
#: Who owns what Windows was installed with.
_INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
_TOKEN_QUERY = 0x0008
_TOKEN_USER = 1

_advapi = ctypes.WinDLL("advapi32", use_last_error=True)
_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.LocalFree.argtypes = [ctypes.c_void_p]
_kernel.GetCurrentProcess.restype = wintypes.HANDLE
_advapi.OpenProcessToken.argtypes = [wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p]
_advapi.GetTokenInformation.argtypes = [
    wintypes.HANDLE,
    ctypes.c_int,
    ctypes.c_void_p,
    wintypes.DWORD,
    ctypes.c_void_p,
]
_advapi.ConvertSidToStringSidW.argtypes = [ctypes.c_void_p, ctypes.c_void_p]


def sid_text(sid: int) -> str:
    """Write a SID, given by its address, as text."""
    text = ctypes.c_wchar_p()
    if not _advapi.ConvertSidToStringSidW(sid, ctypes.byref(text)):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        return text.value or ""
    finally:
        _kernel.LocalFree(ctypes.cast(text, ctypes.c_void_p))


@cache
def user() -> str:
    """Name the account that this process runs as."""
    token = wintypes.HANDLE()
    if not _advapi.OpenProcessToken(_kernel.GetCurrentProcess(), _TOKEN_QUERY, ctypes.byref(token)):
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        answer, size = ctypes.create_string_buffer(256), wintypes.DWORD()
        if not _advapi.GetTokenInformation(
            token, _TOKEN_USER, answer, len(answer), ctypes.byref(size)
        ):
            raise ctypes.WinError(ctypes.get_last_error())
        return sid_text(ctypes.c_void_p.from_buffer(answer).value or 0)
    finally:
        _kernel.CloseHandle(token)


@cache
def may_administer() -> bool:
    """Say whether this process has an administrator's rights now (is elevated)."""
    return bool(ctypes.WinDLL("shell32").IsUserAnAdmin())


def trusted() -> frozenset[str]:
    """Name the accounts that can do to us whatever they like anyway."""
    return frozenset({user(), ADMINISTRATORS, SYSTEM, _INSTALLER})
