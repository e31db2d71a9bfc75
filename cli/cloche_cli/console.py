"""The console of Windows in front of a container's terminal: its modes, and keys as bytes."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import ctypes
import msvcrt
from ctypes import wintypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["make_raw", "obey_sequences", "read_keys"]

#: Console modes (consoleapi.h): keys come one by one, unseen, as sequences of a terminal; and the
#: container's sequences are obeyed, with line feeds that only feed.
_PROCESSED_INPUT, _LINE_INPUT, _ECHO_INPUT, _TERMINAL_INPUT = 0x1, 0x2, 0x4, 0x200
_PROCESSED_OUTPUT, _TERMINAL_OUTPUT, _NO_RETURN = 0x1, 0x4, 0x8
_UTF_8 = 65001
_KEYS = 1024

_kernel = ctypes.WinDLL("kernel32", use_last_error=True)
_kernel.GetConsoleMode.argtypes = [wintypes.HANDLE, ctypes.c_void_p]
_kernel.SetConsoleMode.argtypes = [wintypes.HANDLE, wintypes.DWORD]
_kernel.ReadConsoleW.argtypes = [
    wintypes.HANDLE,
    ctypes.c_void_p,
    wintypes.DWORD,
    ctypes.c_void_p,
    ctypes.c_void_p,
]


def make_raw() -> Callable[[], None]:
    """Let every key reach the container; returns what makes it as it was."""
    keys, screen = _mode(0), _mode(1)
    pages = _kernel.GetConsoleCP(), _kernel.GetConsoleOutputCP()

    def restore() -> None:
        _set(0, keys)
        _set(1, screen)
        _kernel.SetConsoleCP(pages[0])
        _kernel.SetConsoleOutputCP(pages[1])

    if keys is not None:
        _set(0, keys & ~(_PROCESSED_INPUT | _LINE_INPUT | _ECHO_INPUT) | _TERMINAL_INPUT)
    if screen is not None:
        _set(1, screen | _PROCESSED_OUTPUT | _TERMINAL_OUTPUT | _NO_RETURN)
    _kernel.SetConsoleCP(_UTF_8)
    _kernel.SetConsoleOutputCP(_UTF_8)
    return restore


def obey_sequences(fd: int) -> Callable[[], None]:
    """Let a console move its cursor by a terminal's sequences; returns what makes it as it was."""
    mode = _mode(fd)
    if mode is not None:
        _set(fd, mode | _PROCESSED_OUTPUT | _TERMINAL_OUTPUT)
    return lambda: _set(fd, mode)


def read_keys() -> bytes:
    """Wait for keys, and give what they type in UTF-8; nothing at the end."""
    typed, count = ctypes.create_unicode_buffer(_KEYS), wintypes.DWORD()
    handle = msvcrt.get_osfhandle(0)
    if not _kernel.ReadConsoleW(handle, typed, _KEYS, ctypes.byref(count), None):
        raise ctypes.WinError(ctypes.get_last_error())
    units = ctypes.string_at(typed, 2 * count.value)
    return units.decode("utf-16-le", "replace").encode()


def _mode(fd: int) -> int | None:
    """The mode of a console; None for what is none."""
    mode = wintypes.DWORD()
    found = _kernel.GetConsoleMode(msvcrt.get_osfhandle(fd), ctypes.byref(mode))
    return mode.value if found else None


def _set(fd: int, mode: int | None) -> None:
    if mode is not None:
        _kernel.SetConsoleMode(msvcrt.get_osfhandle(fd), mode)
