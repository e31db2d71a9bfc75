"""On Windows: privileges are had by one thread, for as long as its work lasts, all or none."""

from __future__ import annotations

import ctypes
import threading
from ctypes import wintypes

import pytest

from cloche.errors import Unavailable
from cloche_hcs.layers.fileinfo import BasicInfo
from cloche_hcs.layers.privileges import backup_privileges
from cloche_hcs.layers.win32 import privileges, set_times

advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
kernel32.GetCurrentThread.restype = wintypes.HANDLE
advapi32.OpenThreadToken.argtypes = (
    wintypes.HANDLE,
    wintypes.DWORD,
    wintypes.BOOL,
    ctypes.POINTER(wintypes.HANDLE),
)
ERROR_NO_TOKEN = 1008
TOKEN_QUERY = 8
#: What no administrator has: to make tokens.
NOBODYS = "SeCreateTokenPrivilege"


def error_for_the_threads_token() -> int:
    """0 if this thread has a token of its own."""
    token = wintypes.HANDLE()
    thread = kernel32.GetCurrentThread()
    if advapi32.OpenThreadToken(thread, TOKEN_QUERY, True, ctypes.byref(token)):
        kernel32.CloseHandle(token)
        return 0
    return ctypes.get_last_error()


def test_the_thread_has_a_token_only_while_it_works() -> None:
    assert error_for_the_threads_token() == ERROR_NO_TOKEN
    with backup_privileges():
        assert error_for_the_threads_token() == 0
    assert error_for_the_threads_token() == ERROR_NO_TOKEN


def test_other_threads_have_none() -> None:
    found: list[int] = []
    with backup_privileges():
        other = threading.Thread(target=lambda: found.append(error_for_the_threads_token()))
        other.start()
        other.join()
    assert found == [ERROR_NO_TOKEN]


def test_they_are_given_back_after_an_error() -> None:
    with pytest.raises(KeyError), backup_privileges():
        raise KeyError
    assert error_for_the_threads_token() == ERROR_NO_TOKEN


def test_all_or_none() -> None:
    """Windows says of a privilege that it did not give that all went well, but for a whisper."""
    with (
        pytest.raises(Unavailable, match=NOBODYS) as caught,
        privileges("SeBackupPrivilege", NOBODYS),
    ):
        raise AssertionError("it has what nobody has")
    assert caught.value.remedy == "run elevated, as an administrator or backup operator"
    assert error_for_the_threads_token() == ERROR_NO_TOKEN


def test_an_unknown_privilege_is_an_error() -> None:
    with pytest.raises(OSError, match="1313"), privileges("SeMakeTeaPrivilege"):
        raise AssertionError("there is no such privilege")
    assert error_for_the_threads_token() == ERROR_NO_TOKEN


def test_times_of_what_is_not_there_can_not_be_set(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        set_times(str(tmp_path / "none"), BasicInfo(1, 1, 1, 1, 0))
