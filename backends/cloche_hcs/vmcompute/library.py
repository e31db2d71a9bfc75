"""The library itself: found, asked what it has, and its absence told."""

from __future__ import annotations

import os

from cloche.errors import ClocheError, NotSupported, Unavailable
from cloche_hcs._vmcompute import lib

__all__ = ["HOW_TO_ENABLE", "checked", "has_function", "load_library", "use_library"]

HOW_TO_ENABLE = (
    "enable the Containers feature in an elevated PowerShell and restart: "
    "Enable-WindowsOptionalFeature -Online -FeatureName Containers -All "
    "(on Windows Server: Install-WindowsFeature Containers)"
)
_ERROR_MOD_NOT_FOUND = 126


def use_library(path: str) -> None:
    """Name the shared object that stands for vmcompute.dll; without effect on Windows.

    Only before the first call, on platforms that have no such DLL.
    """
    lib.cloche_use_library(os.fsencode(path))


def load_library() -> None:
    """Load the library, unless it is. Raises Unavailable with a remedy."""
    number = lib.cloche_load()
    if number == 0:
        return
    reason = "there is no vmcompute.dll in System32: Windows' Containers feature is not enabled"
    if number != _ERROR_MOD_NOT_FOUND:
        reason = f"vmcompute.dll could not be loaded (error {number})"
    raise Unavailable(reason, remedy=HOW_TO_ENABLE, backend="hcs")


def has_function(name: str) -> bool:
    """Say whether this build of the library has the function of that name."""
    return bool(lib.cloche_has(name.encode()))


def checked(function: str, code: int) -> int:
    """Let an HRESULT through. Raises NotSupported or Unavailable if there was nothing to call."""
    if code >= 0:
        return code
    raise _nothing_to_call(function, code)


def _nothing_to_call(function: str, code: int) -> ClocheError:
    if code == lib.CLOCHE_NO_LIBRARY:
        load_library()
    return NotSupported(
        f"the vmcompute.dll of this build of Windows has no {function}",
        hint="a newer build of Windows may have it",
        operation=function,
        backend="hcs",
    )
