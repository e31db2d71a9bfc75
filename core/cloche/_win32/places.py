"""Directories that hold what must be believed: made for us alone, and looked at before use."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
import stat

from cloche._win32.files import is_link

__all__ = [
    "is_ours",
    "is_safe_above",
    "is_safe_file",
    "make_private",
    "this_user",
    "whole",
]

#: What changes a directory or what is in it: FILE_ADD_FILE, FILE_ADD_SUBDIRECTORY, FILE_WRITE_EA,
#: FILE_DELETE_CHILD, FILE_WRITE_ATTRIBUTES, DELETE, WRITE_DAC, WRITE_OWNER and the generic ones.
_CHANGES = 0x0002 | 0x0004 | 0x0010 | 0x0040 | 0x0100 | 0x0001_0000 | 0x000C_0000 | 0x5000_0000
#: Of those, what takes entries of others away: all but adding, and attributes.
_EXCHANGES = 0x0040 | 0x0001_0000 | 0x000C_0000 | 0x1000_0000

#: Below it there is room for what core keeps, in the 260 characters that plain paths may have.
_LONGEST = 100


def this_user() -> str:
    """Tell this user from others."""
    from cloche._win32.accounts import user

    return user()


def whole(path: str) -> str:
    """Write a path so that what is kept below it may be long."""
    if len(path) <= _LONGEST or path.startswith("\\\\"):
        return path
    return f"\\\\?\\{path}"


def make_private(path: str) -> None:
    """Make a directory that only this user, administrators and the system can enter.

    FileExistsError if there is one, FileNotFoundError if there is none to make it in.
    """
    from cloche._win32.security import make_directory

    make_directory(path)


def is_ours(path: str, found: os.stat_result) -> bool:
    """Say whether a directory is one, no link, and changed by nobody but whom we trust."""
    return stat.S_ISDIR(found.st_mode) and not is_link(found) and _is_safe(path, _CHANGES)


def is_safe_above(path: str) -> bool:
    """Say whether nobody but whom we trust can exchange what is in a directory."""
    return _is_safe(path, _EXCHANGES)


def is_safe_file(path: str) -> bool:
    """Say whether nobody but whom we trust has made a file, or can change it."""
    return os.path.lexists(path) and not is_link(os.lstat(path)) and _is_safe(path, _CHANGES)


def _is_safe(path: str, rights: int) -> bool:
    from cloche._win32.accounts import trusted
    from cloche._win32.security import security_of

    security, known = security_of(path), trusted()
    if security.is_open or security.owner not in known:
        return False
    return not any(g.mask & rights for g in security.grants if g.account not in known)
