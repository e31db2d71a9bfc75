"""Files and locks of ours, as the platform wants them handled: on Windows others may look, too.

On Linux these are the system calls themselves.
"""

from __future__ import annotations

import sys

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

if sys.platform == "win32":
    from cloche._win32.disk import (
        lock,
        lock_directory,
        locked,
        open_existing,
        open_new,
        open_to_read,
        point,
        pointed,
        read,
        remove_directory,
        replace,
        rmdir,
        sync_directory,
        try_lock,
        unlink,
    )
else:
    import os
    from contextlib import contextmanager

    from cloche.trees import remove_contents

    TYPE_CHECKING = False
    if TYPE_CHECKING:
        from collections.abc import Iterator

    def point(text: str, path: str) -> None:
        """Make an entry that says ``text``, all at once; FileExistsError if there is one."""
        os.symlink(text, path)

    def pointed(path: str) -> str:
        """Read what such an entry says; FileNotFoundError if there is none."""
        return os.readlink(path)

    def replace(source: str, target: str) -> None:
        """Give a file another's name, and take that away if there is one."""
        os.replace(source, target)

    def rmdir(path: str) -> None:
        """Remove an empty directory."""
        os.rmdir(path)

    def unlink(path: str) -> None:
        """Remove a file."""
        os.unlink(path)

    def open_new(path: str) -> int:
        """Make a file, to be read and appended to; FileExistsError if there is something."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        return os.open(path, flags, 0o600)

    def open_existing(path: str) -> int:
        """Open a file of ours, to be read and appended to; OSError for a link."""
        return os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW)

    def open_to_read(path: str) -> int:
        """Open a file of ours, to be read alone; OSError for a link."""
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)

    def read(path: str) -> bytes:
        """Read a whole file."""
        with open(open_to_read(path), "rb") as file:
            return file.read()

    def sync_directory(path: str) -> None:
        """See a directory's entries on the disk itself."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def lock(fd: int) -> None:
        """Lock an open file until it is closed, waiting for whoever has."""
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX)

    def try_lock(fd: int) -> bool:
        """Lock an open file until it is closed; False if another has."""
        import fcntl

        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    @contextmanager
    def locked(directory: str) -> Iterator[None]:
        """Have a directory's entries to oneself, among those who ask for it this way."""
        import fcntl

        fd = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def lock_directory(path: str, *, wait: bool) -> int | None:
        """Lock a directory until the descriptor is closed; None if another has and not ``wait``.

        Raises FileNotFoundError if there is none any more.
        """
        import fcntl

        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(lock)
            return None
        if os.fstat(lock).st_nlink == 0:
            os.close(lock)
            raise FileNotFoundError(path)
        return lock

    def remove_directory(path: str, lock: int, *, last: str) -> None:
        """Remove a locked directory with everything in it, the files whose names end so last."""
        files = os.listdir(lock)
        spared = frozenset(name for name in files if name.endswith(last))
        if len(files) > len(spared):
            remove_contents(lock, spare=spared)
        for name in spared:
            os.unlink(name, dir_fd=lock)
        os.rmdir(path)
