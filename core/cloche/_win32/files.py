"""Files that stand in nobody's way: whoever has them open, they can be renamed and removed."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import _winapi
import os
import stat

from cloche._win32.handles import descriptor_of
from cloche._win32.patience import patiently

__all__ = [
    "empty_directory",
    "is_link",
    "open_existing",
    "open_new",
    "open_to_read",
    "read",
    "replace",
    "rmdir",
    "unlink",
]

#: Of winnt.h and fileapi.h.
_SHARE_ALL = 7
_CREATE_NEW = 1
_OPEN_REPARSE_POINT = 0x0020_0000
_READ_WRITE = _winapi.FILE_GENERIC_READ | _winapi.FILE_GENERIC_WRITE


def open_new(path: str) -> int:
    """Make a file, to be read and appended to; FileExistsError if there is something."""
    return _open(path, _READ_WRITE, _CREATE_NEW, os.O_RDWR | os.O_APPEND)


def open_existing(path: str) -> int:
    """Open a file of ours, to be read and appended to; a link is opened as what it is."""
    return _open(path, _READ_WRITE, _winapi.OPEN_EXISTING, os.O_RDWR | os.O_APPEND)


def open_to_read(path: str) -> int:
    """Open a file of ours, to be read alone; a link is opened as what it is."""
    return _open(path, _winapi.FILE_GENERIC_READ, _winapi.OPEN_EXISTING, os.O_RDONLY)


def read(path: str) -> bytes:
    """Read a whole file."""
    with open(open_to_read(path), "rb") as file:
        return file.read()


def _open(path: str, access: int, creation: int, flags: int) -> int:
    def attempt() -> int:
        return _winapi.CreateFile(
            path, access, _SHARE_ALL, _winapi.NULL, creation, _OPEN_REPARSE_POINT, _winapi.NULL
        )

    try:
        handle = patiently(attempt)
    except OSError as error:
        error.filename = path
        raise
    return descriptor_of(handle, flags)


def replace(source: str, target: str) -> None:
    """Give a file another's name, and take that away if there is one."""
    patiently(lambda: os.replace(source, target))


def unlink(path: str) -> None:
    """Remove a file, read-only ones too."""
    try:
        patiently(lambda: os.unlink(path))
    except PermissionError:
        os.chmod(path, stat.S_IWRITE)
        os.unlink(path)


def rmdir(path: str) -> None:
    """Remove an empty directory."""
    patiently(lambda: os.rmdir(path))


def is_link(found: os.stat_result) -> bool:
    """Say whether something leads elsewhere: a link, a junction, a mount point."""
    return bool(found.st_file_attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT)


def empty_directory(path: str, *, spare: frozenset[str] = frozenset()) -> None:
    """Remove everything in a directory but ``spare``; links are removed, not followed.

    The path has to be whole: what a relative one names depends on where the process stands.
    """
    if not os.path.isabs(path):
        raise ValueError(f"not a whole path: {path!r}")
    with os.scandir(path) as entries:
        found = [
            (entry.path, entry.stat(follow_symlinks=False))
            for entry in entries
            if entry.name not in spare
        ]
    for inner, status in found:
        if not status.st_file_attributes & stat.FILE_ATTRIBUTE_DIRECTORY:
            unlink(inner)
            continue
        if not is_link(status):
            empty_directory(inner)
        rmdir(inner)
