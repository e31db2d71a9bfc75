"""Find paths beneath a root that others may change at any moment, and never leave it.

Each component is opened without following it; links are read and walked by hand, absolute ones from
the root, and ``..`` goes back along the descriptors that led here, at most to the root. What
changes meanwhile makes an error, not an escape.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from cloche.errors import BackendError, InvalidSpec, NotFound, Unavailable

__all__ = ["DIRECTORY", "NEW", "Place", "file_errors", "find", "open_directory", "place_of"]

_PATH = getattr(os, "O_PATH", os.O_RDONLY)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
DIRECTORY = getattr(os, "O_DIRECTORY", 0) | _NOFOLLOW | _CLOEXEC
#: To open a file that nobody had before.
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _CLOEXEC
_MOST_LINKS = 40


class Place:
    """A name in an open directory, which need not exist."""

    __slots__ = ("directory", "name")

    def __init__(self, directory: int, name: str) -> None:
        self.directory = directory
        self.name = name

    def kind(self) -> int | None:
        """Its type and permissions; None if there is nothing."""
        try:
            return os.stat(self.name, dir_fd=self.directory, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return None

    def is_directory(self) -> bool:
        """Whether there is a directory here."""
        kind = self.kind()
        return kind is not None and stat.S_ISDIR(kind)

    def open_file(self, flags: int) -> int:
        """Open a regular file, whatever takes its place meanwhile; InvalidSpec for other things.

        By way of a descriptor that only names it: to open a device or FIFO would be felt. Without
        waiting: some files of the kernel's are regular and make their readers wait (/proc/kmsg).
        """
        named = os.open(self.name, _PATH | _NOFOLLOW | _CLOEXEC, dir_fd=self.directory)
        try:
            kind = os.fstat(named).st_mode
            if stat.S_ISDIR(kind):
                raise InvalidSpec(f"{self.name} is a directory", path="path")
            if not stat.S_ISREG(kind):
                raise InvalidSpec(f"{self.name} is not a regular file", path="path")
            return os.open(f"/proc/self/fd/{named}", flags | _NONBLOCK | _CLOEXEC)
        finally:
            os.close(named)


def open_directory(name: str, parent: int) -> int:
    """Open a directory to be read; an error if it is anything else."""
    return os.open(name, os.O_RDONLY | DIRECTORY, dir_fd=parent)


@contextmanager
def find(root: int, path: str, *, make: bool = False, follow: bool = True) -> Iterator[Place]:
    """Find the place of an absolute path of the container.

    ``make`` makes missing directories on the way; ``follow`` walks on if the last component is a
    link. Raises InvalidSpec for a path that is not absolute, NotFound for a missing directory.
    """
    if not path.startswith("/") or "\0" in path:
        message = f"{path!r} is not an absolute path in the container"
        raise InvalidSpec(message, path="path")
    walk = _Walk(root)
    try:
        yield walk.to(path, make=make, follow=follow)
    finally:
        walk.close()


class _Walk:
    """The descriptors from the root to where we are."""

    def __init__(self, root: int) -> None:
        self._trail = [os.dup(root)]
        self._links = 0

    def close(self) -> None:
        while self._trail:
            os.close(self._trail.pop())

    def to(self, path: str, *, make: bool, follow: bool) -> Place:
        todo = deque(path.split("/"))
        while todo:
            name = todo.popleft()
            if name in ("", "."):
                continue
            if name == "..":
                self._back()
                continue
            target = self._link(name)
            last = not any(part not in ("", ".") for part in todo)
            if target is not None and (follow or not last):
                self._start_over(target)
                todo.extendleft(reversed(target.split("/")))
            elif last:
                return Place(self._trail[-1], name)
            else:
                self._enter(name, make=make)
        return Place(self._trail[-1], ".")

    def _back(self) -> None:
        if len(self._trail) > 1:
            os.close(self._trail.pop())

    def _link(self, name: str) -> str | None:
        try:
            return os.readlink(name, dir_fd=self._trail[-1])
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):
                return None
            raise

    def _start_over(self, target: str) -> None:
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        while target.startswith("/") and len(self._trail) > 1:
            self._back()

    def _enter(self, name: str, *, make: bool) -> None:
        here = self._trail[-1]
        try:
            self._trail.append(os.open(name, _PATH | DIRECTORY, dir_fd=here))
        except FileNotFoundError:
            if not make:
                raise
            os.mkdir(name, 0o755, dir_fd=here)
            self._trail.append(os.open(name, _PATH | DIRECTORY, dir_fd=here))


@contextmanager
def place_of(path: str) -> Iterator[Place]:
    """Find a path of this machine, whose directory has to exist.

    The place of ``dir/.`` is the directory itself, and has no name of its own.
    """
    directory, name = os.path.split(os.path.abspath(path))
    if os.path.basename(path) in (".", ".."):
        directory, name = os.path.abspath(path), "."
    fd = os.open(directory, _PATH | getattr(os, "O_DIRECTORY", 0) | _CLOEXEC)
    try:
        yield Place(fd, name or ".")
    finally:
        os.close(fd)


@contextmanager
def file_errors(path: str) -> Iterator[None]:
    """Tell the system's errors in our own words, with the path that was asked for.

    A reader that has gone is no matter of the path, and stays what it is.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except FileNotFoundError as error:
        raise NotFound(f"{path}: there is no such file or directory") from error
    except PermissionError as error:
        raise Unavailable(f"{path}: permission denied") from error
    except OSError as error:
        if error.errno == errno.EROFS:
            raise Unavailable(f"{path}: read-only file system") from error
        reason = (error.strerror or str(error)).lower()
        raise BackendError(f"{path}: {reason}", errno=error.errno, path=path) from error
