"""Connect to a named pipe as its client."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import _winapi
import time

from cloche.errors import ClocheError, NotFound, Unavailable

__all__ = ["dial"]

#: Seconds in which a pipe must have an instance free.
_LIMIT = 3.0
#: Milliseconds between two looks whether somebody pressed Ctrl-C.
_SLICE = 100
#: SECURITY_SQOS_PRESENT and SECURITY_IDENTIFICATION (winbase.h): its server learns who we are, and
#: can't act as us.
_IDENTIFICATION = 0x0010_0000 | 0x0001_0000
#: Of winerror.h.
_NO_FILE, _NO_PATH, _SEM_TIMEOUT, _PIPE_BUSY = 2, 3, 121, 231


def dial(path: str, *, reads: bool) -> int:
    """Open a pipe to read from it, or to write to it; an overlapped HANDLE.

    While all its instances are taken another try is made, for three seconds. Raises NotFound if
    there is no such pipe, Unavailable if it can't be had.
    """
    access = _winapi.GENERIC_READ if reads else _winapi.GENERIC_WRITE
    flags = _winapi.FILE_FLAG_OVERLAPPED | _IDENTIFICATION
    deadline = time.monotonic() + _LIMIT
    while True:
        try:
            return _winapi.CreateFile(
                path, access, 0, _winapi.NULL, _winapi.OPEN_EXISTING, flags, _winapi.NULL
            )
        except OSError as error:
            if error.winerror != _PIPE_BUSY or time.monotonic() >= deadline:
                raise _translated(error, path) from error
        _wait(path)


def _wait(path: str) -> None:
    """Wait a moment for a free instance."""
    try:
        _winapi.WaitNamedPipe(path, _SLICE)
    except OSError as error:
        if error.winerror != _SEM_TIMEOUT:
            raise _translated(error, path) from error


def _translated(error: OSError, path: str) -> ClocheError:
    if error.winerror in (_NO_FILE, _NO_PATH):
        return NotFound(f"there is no pipe {path}", backend="npipe", operation="open")
    reason = (error.strerror or "").rstrip(". ").lower()
    if error.winerror == _PIPE_BUSY:
        reason = f"all its instances were in use for {_LIMIT:g} seconds"
    return Unavailable(f"{path}: {reason}", reason=reason, backend="npipe", operation="open")
