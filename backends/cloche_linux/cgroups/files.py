"""The small files a control group is made of: read whole, written whole."""

from __future__ import annotations

import errno
import os

__all__ = ["open_file", "read", "read_int", "read_pids", "read_table", "read_words", "write"]


def open_file(path: str, flags: int) -> int:
    """Open a file; FileNotFoundError also while its group is just going away."""
    try:
        return os.open(path, flags | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENODEV:  # the group's end has begun
            raise _absent(path) from error
        raise


def write(path: str, value: str) -> None:
    """Write ``value`` in one system call, as the kernel wants it; OSError as it says.

    Raises FileNotFoundError if the group is not there, or has gone since the file was opened.
    """
    descriptor = open_file(path, os.O_WRONLY)
    try:
        os.write(descriptor, value.encode())
    except OSError as error:
        # The same word, which here may also mean a device that ``value`` names and nobody knows.
        if error.errno == errno.ENODEV and _has_gone(path, descriptor):
            raise _absent(path) from error
        raise
    finally:
        os.close(descriptor)


def _absent(path: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def _has_gone(path: str, descriptor: int) -> bool:
    """Whether a file that is open is not what its path leads to any more."""
    try:
        return not os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return True


def read(path: str) -> str | None:
    """Read a file; None if it does not exist, or not any more."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read().decode()
    except OSError as error:
        if error.errno in _NOT_HERE:
            return None
        raise


def read_words(path: str) -> frozenset[str]:
    """Read a list of words; empty if the file does not exist."""
    return frozenset((read(path) or "").split())


def read_int(path: str) -> int | None:
    """Read a number; None for ``max``, or if there is no such file."""
    text = (read(path) or "").strip()
    return int(text) if text.lstrip("-").isdigit() else None


def read_table(path: str) -> dict[str, int]:
    """Read lines of a name and a number; empty if the file does not exist."""
    pairs = (line.split() for line in (read(path) or "").splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def read_pids(directory: str) -> list[int]:
    """List the processes that are in this very group; those beneath it don't count."""
    return [int(word) for word in (read(f"{directory}/cgroup.procs") or "").split()]


#: ENODEV: the group has gone since. EOPNOTSUPP: a v2 group of threads has no processes.
_NOT_HERE = frozenset({errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP})
