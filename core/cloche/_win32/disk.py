"""What ``cloche._disk`` offers, for Windows."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloche._win32.files import (
    empty_directory,
    is_link,
    open_existing,
    open_new,
    open_to_read,
    read,
    replace,
    rmdir,
    unlink,
)
from cloche._win32.locks import lock as lock_byte
from cloche._win32.locks import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "lock",
    "lock_directory",
    "locked",
    "open_existing",
    "open_new",
    "open_to_read",
    "point",
    "pointed",
    "read",
    "remove_directory",
    "replace",
    "rmdir",
    "sync_directory",
    "try_lock",
    "unlink",
]

_LOCKS = "locks"


def lock(fd: int) -> None:
    """Lock an open file until it is closed, waiting for whoever has."""
    lock_byte(fd, wait=True)


def sync_directory(path: str) -> None:
    """Nothing to do: Windows writes the entries of directories by a journal of its own."""


def try_lock(fd: int) -> bool:
    """Lock an open file until it is closed; False if another has."""
    return lock_byte(fd, wait=False)


@contextmanager
def locked(directory: str) -> Iterator[None]:
    """Have a directory's entries to oneself, among those who ask for it this way."""
    fd = _open_locks(directory)
    try:
        lock_byte(fd, wait=True, place=place_of(directory))
        yield
    finally:
        os.close(fd)


def lock_directory(path: str, *, wait: bool) -> int | None:
    """Lock a directory until the descriptor is closed; None if another has and not ``wait``.

    Raises FileNotFoundError if there is none any more. The lock is a byte of a file that all
    directories beside it share.
    """
    if not is_directory(path):
        raise FileNotFoundError(path)
    fd = _open_locks(os.path.dirname(path))
    try:
        if not lock_byte(fd, wait=wait, place=place_of(os.path.basename(path))):
            os.close(fd)
            return None
        if not is_directory(path):
            raise FileNotFoundError(path)
    except BaseException:
        os.close(fd)
        raise
    return fd


def is_directory(path: str) -> bool:
    """Say whether there is a directory, and not a link to one."""
    try:
        return os.path.isdir(path) and not is_link(os.lstat(path))
    except OSError:
        return False


def _open_locks(directory: str) -> int:
    path = os.path.join(os.path.dirname(directory), f"{os.path.basename(directory)}.{_LOCKS}")
    try:
        return open_new(path)
    except FileExistsError:
        return open_existing(path)


def remove_directory(path: str, lock: int, *, last: str) -> None:
    """Remove a locked directory with everything in it, the files whose names end so last."""
    spared = frozenset(name for name in os.listdir(path) if name.endswith(last))
    empty_directory(path, spare=spared)
    for name in spared:
        _unlink_at_once(path, name)
    rmdir(path)


def _unlink_at_once(directory: str, name: str) -> None:
    """Remove a file from its directory, whoever has it open: else that would not be empty yet."""
    beside = os.path.dirname(os.path.dirname(directory))
    aside = os.path.join(beside, f"{name}.{os.urandom(4).hex()}~")
    replace(os.path.join(directory, name), aside)
    unlink(aside)


def point(text: str, path: str) -> None:
    """Make an entry that says ``text``, all at once; FileExistsError if there is one.

    A small file, for not everybody may make links.
    """
    directory, name = os.path.split(path)
    draft = os.path.join(os.path.dirname(directory), f"{name}.{os.urandom(4).hex()}~")
    with open(open_new(draft), "wb") as file:
        file.write(text.encode("utf-8", "surrogatepass"))
    try:
        os.rename(draft, path)
    except BaseException:
        unlink(draft)
        raise


def pointed(path: str) -> str:
    """Read what such an entry says; FileNotFoundError if there is none."""
    return read(path).decode("utf-8", "surrogatepass")
