"""Functions of Windows' own that importing and exporting layers needs, beside the driver's."""

from __future__ import annotations

import ctypes
import sys
from contextlib import contextmanager
from ctypes import wintypes
from typing import TYPE_CHECKING

from cloche.errors import ImageError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche_hcs.layers.fileinfo import BasicInfo

assert sys.platform == "win32"

__all__ = ["descriptor_of", "privileges", "set_times"]

_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)

_SDDL_REVISION = 1
_SECURITY_IMPERSONATION = 2
_TOKEN_QUERY_AND_ADJUST = 0x0008 | 0x0020
_SE_PRIVILEGE_ENABLED = 2
_ERROR_NOT_ALL_ASSIGNED = 1300
_FILE_WRITE_ATTRIBUTES = 0x100
_SHARE_ALL = 7
_OPEN_EXISTING = 3
#: FILE_FLAG_BACKUP_SEMANTICS (for directories) and FILE_FLAG_OPEN_REPARSE_POINT.
_THE_DIRECTORY_ITSELF = 0x02000000 | 0x00200000
_FILE_BASIC_INFO_CLASS = 0
_INVALID_HANDLE = ctypes.c_void_p(-1).value


class _Luid(ctypes.Structure):
    _fields_ = (("low", wintypes.DWORD), ("high", wintypes.LONG))


class _Privilege(ctypes.Structure):
    _fields_ = (("luid", _Luid), ("attributes", wintypes.DWORD))


class _FileBasicInfo(ctypes.Structure):
    _fields_ = (
        ("creation", ctypes.c_int64),
        ("access", ctypes.c_int64),
        ("write", ctypes.c_int64),
        ("change", ctypes.c_int64),
        ("attributes", wintypes.DWORD),
    )


_kernel32.GetCurrentThread.restype = wintypes.HANDLE
_kernel32.CreateFileW.restype = wintypes.HANDLE
_kernel32.CreateFileW.argtypes = (
    wintypes.LPCWSTR,
    wintypes.DWORD,
    wintypes.DWORD,
    ctypes.c_void_p,
    wintypes.DWORD,
    wintypes.DWORD,
    wintypes.HANDLE,
)
_kernel32.SetFileInformationByHandle.argtypes = (
    wintypes.HANDLE,
    ctypes.c_int,
    ctypes.c_void_p,
    wintypes.DWORD,
)
_kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
_kernel32.LocalFree.argtypes = (ctypes.c_void_p,)
_advapi32.OpenThreadToken.argtypes = (
    wintypes.HANDLE,
    wintypes.DWORD,
    wintypes.BOOL,
    ctypes.POINTER(wintypes.HANDLE),
)
_advapi32.AdjustTokenPrivileges.argtypes = (
    wintypes.HANDLE,
    wintypes.BOOL,
    ctypes.c_void_p,
    wintypes.DWORD,
    ctypes.c_void_p,
    ctypes.c_void_p,
)


def descriptor_of(text: str) -> bytes:
    """Translate a security descriptor from words (SDDL); ImageError for what is none."""
    found, size = ctypes.c_void_p(), wintypes.ULONG()
    if not _advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(
        ctypes.c_wchar_p(text), _SDDL_REVISION, ctypes.byref(found), ctypes.byref(size)
    ):
        raise ImageError(f"not a security descriptor: {text[:80]!r}") from _last_error()
    try:
        return ctypes.string_at(found.value or 0, size.value)
    finally:
        _kernel32.LocalFree(found)


def set_times(path: str, info: BasicInfo) -> None:
    """Set the times of a directory, but no attribute of it. Raises OSError."""
    handle = _kernel32.CreateFileW(
        path, _FILE_WRITE_ATTRIBUTES, _SHARE_ALL, None, _OPEN_EXISTING, _THE_DIRECTORY_ITSELF, None
    )
    if handle == _INVALID_HANDLE:
        raise _last_error()
    basic = _FileBasicInfo(info.creation, info.access, info.write, info.change, 0)
    try:
        _ensure(
            _kernel32.SetFileInformationByHandle(
                handle, _FILE_BASIC_INFO_CLASS, ctypes.byref(basic), ctypes.sizeof(basic)
            )
        )
    finally:
        _kernel32.CloseHandle(handle)


@contextmanager
def privileges(*names: str) -> Iterator[None]:
    """Have privileges on this thread, by an impersonation token of its own, and give them back.

    Raises Unavailable if the user has not got all of them.
    """
    _ensure(_advapi32.ImpersonateSelf(_SECURITY_IMPERSONATION))
    try:
        _enable(names)
        yield
    finally:
        _ensure(_advapi32.RevertToSelf())


def _enable(names: tuple[str, ...]) -> None:
    token = wintypes.HANDLE()
    thread = _kernel32.GetCurrentThread()
    _ensure(_advapi32.OpenThreadToken(thread, _TOKEN_QUERY_AND_ADJUST, True, ctypes.byref(token)))
    try:
        _adjust(token, names)
    finally:
        _kernel32.CloseHandle(token)


def _adjust(token: wintypes.HANDLE, names: tuple[str, ...]) -> None:
    """The call succeeds even if it gave nothing: only the last error tells."""

    class _Privileges(ctypes.Structure):
        _fields_ = (("count", wintypes.DWORD), ("first", _Privilege * len(names)))

    wanted = _Privileges(len(names))
    for privilege, name in zip(wanted.first, names, strict=True):
        privilege.attributes = _SE_PRIVILEGE_ENABLED
        _ensure(
            _advapi32.LookupPrivilegeValueW(
                None, ctypes.c_wchar_p(name), ctypes.byref(privilege.luid)
            )
        )
    ctypes.set_last_error(0)
    _ensure(_advapi32.AdjustTokenPrivileges(token, False, ctypes.byref(wanted), 0, None, None))
    if ctypes.get_last_error() == _ERROR_NOT_ALL_ASSIGNED:
        raise Unavailable(
            f"this user has not all of the privileges {', '.join(names)}",
            remedy="run elevated, as an administrator or backup operator",
            backend="filter",
        )


def _ensure(succeeded: int) -> None:
    if not succeeded:
        raise _last_error()


def _last_error() -> OSError:
    return ctypes.WinError(ctypes.get_last_error())
