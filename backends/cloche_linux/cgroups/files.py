"""The small files a control group is made of: read whole, written whole."""

from __future__ import annotations

import errno
import os

__all__ = ["read", "read_int", "read_pids", "read_table", "read_words", "write"]


def write(path: str, value: str) -> None:
    """Write ``value`` in one system call, as the kernel wants it; OSError as it says."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def read(path: str) -> str | None:
    """Read a file; None if it does not exist, or not any more."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read().decode()
    except OSError as error:
        # A group may vanish between open and read: the kernel says ENODEV then.
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


#: EOPNOTSUPP: a v2 group of threads has no processes.
_NOT_HERE = frozenset({errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP})
