"""Security descriptors: what is to be nobody else's, and whether what we find is that."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import os
from ctypes import wintypes
from typing import NamedTuple

from cloche._win32.accounts import ADMINISTRATORS, SYSTEM, may_administer, sid_text, user

__all__ = ["Attributes", "Grant", "Security", "make_directory", "private", "security_of"]

_FILE_OBJECT = 1
_OWNER = 1
_DACL = 4
_ACL_SIZE_INFORMATION = 2
_ALLOWED = 0
_INHERIT_ONLY = 8
_REVISION = 1

_advapi = ctypes.WinDLL("advapi32", use_last_error=True)
_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.LocalFree.argtypes = [ctypes.c_void_p]
_kernel.CreateDirectoryW.argtypes = [wintypes.LPCWSTR, ctypes.c_void_p]
_advapi.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = [
    wintypes.LPCWSTR,
    wintypes.DWORD,
    ctypes.c_void_p,
    ctypes.c_void_p,
]
_advapi.GetNamedSecurityInfoW.argtypes = [
    wintypes.LPCWSTR,
    ctypes.c_int,
    wintypes.DWORD,
    *[ctypes.c_void_p] * 5,
]
_advapi.GetNamedSecurityInfoW.restype = wintypes.DWORD
_advapi.GetAclInformation.argtypes = [
    ctypes.c_void_p,
    ctypes.c_void_p,
    wintypes.DWORD,
    ctypes.c_int,
]
_advapi.GetAce.argtypes = [ctypes.c_void_p, wintypes.DWORD, ctypes.c_void_p]


class _SecurityAttributes(ctypes.Structure):
    _fields_ = (
        ("length", wintypes.DWORD),
        ("descriptor", ctypes.c_void_p),
        ("inherit", wintypes.BOOL),
    )


class _Entry(ctypes.Structure):
    """ACCESS_ALLOWED_ACE and those like it (winnt.h); the SID begins at ``sid``."""

    _fields_ = (
        ("type", wintypes.BYTE),
        ("flags", wintypes.BYTE),
        ("size", wintypes.WORD),
        ("mask", wintypes.DWORD),
        ("sid", wintypes.DWORD),
    )


class Attributes:
    """A SECURITY_ATTRIBUTES in memory, made of SDDL; nothing inherits what is made with it."""

    def __init__(self, sddl: str) -> None:
        descriptor = ctypes.c_void_p()
        if not _advapi.ConvertStringSecurityDescriptorToSecurityDescriptorW(
            sddl, _REVISION, ctypes.byref(descriptor), None
        ):
            raise ctypes.WinError(ctypes.get_last_error())
        self._descriptor = descriptor
        size = ctypes.sizeof(_SecurityAttributes)
        self._attributes = _SecurityAttributes(size, descriptor, False)
        #: For as long as this object lives.
        self.address = ctypes.addressof(self._attributes)

    def __enter__(self) -> Attributes:
        return self

    def __exit__(self, *_: object) -> None:
        _kernel.LocalFree(self._descriptor)


def private(*, inherited: bool = False) -> Attributes:
    """Describe what is the system's, the administrators' and this user's alone.

    An administrator's things are not this one's personally: rights may be taken from them again.
    """
    flags = "OICI" if inherited else ""
    names = (SYSTEM, ADMINISTRATORS) if may_administer() else (SYSTEM, ADMINISTRATORS, user())
    return Attributes("D:P" + "".join(f"(A;{flags};GA;;;{name})" for name in names))


def make_directory(path: str) -> None:
    """Make a private directory, with all that will be in it; FileExistsError if there is one."""
    with private(inherited=True) as attributes:
        if not _kernel.CreateDirectoryW(path, attributes.address):
            error = ctypes.WinError(ctypes.get_last_error())
            raise OSError(error.errno, error.strerror, path, error.winerror)


class Grant(NamedTuple):
    """What a security descriptor lets an account do."""

    account: str
    mask: int


class Security(NamedTuple):
    """Whose something is, and what everybody may do with it (not with what it holds)."""

    owner: str
    grants: tuple[Grant, ...]
    #: Everybody may do everything.
    is_open: bool


def security_of(path: str) -> Security:
    """Read the security descriptor of a file or directory."""
    owner, acl, descriptor = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    error = _advapi.GetNamedSecurityInfoW(
        path,
        _FILE_OBJECT,
        _OWNER | _DACL,
        ctypes.byref(owner),
        None,
        ctypes.byref(acl),
        None,
        ctypes.byref(descriptor),
    )
    if error:
        raise OSError(None, os.strerror(0), path, error)
    try:
        grants = () if acl.value is None else _grants(acl)
        return Security(sid_text(owner.value or 0), grants, acl.value is None)
    finally:
        _kernel.LocalFree(descriptor)


def _grants(acl: ctypes.c_void_p) -> tuple[Grant, ...]:
    sizes = (wintypes.DWORD * 3)()
    if not _advapi.GetAclInformation(acl, sizes, ctypes.sizeof(sizes), _ACL_SIZE_INFORMATION):
        raise ctypes.WinError(ctypes.get_last_error())
    entries = (_entry(acl, number) for number in range(sizes[0]))
    return tuple(
        Grant(sid_text(ctypes.addressof(entry) + _Entry.sid.offset), entry.mask)
        for entry in entries
        if entry.type == _ALLOWED and not entry.flags & _INHERIT_ONLY
    )


def _entry(acl: ctypes.c_void_p, number: int) -> _Entry:
    address = ctypes.c_void_p()
    if not _advapi.GetAce(acl, number, ctypes.byref(address)):
        raise ctypes.WinError(ctypes.get_last_error())
    return _Entry.from_address(address.value or 0)
