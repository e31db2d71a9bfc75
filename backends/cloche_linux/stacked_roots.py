"""Roots of several containers among the host's mounts, in one place and so over one another.

A mount takes with it all that is mounted over it. So a container's root is taken away with the
container only if it is the topmost; what is beneath those of others is left, and goes with them.
Who is there is written down for each place, where all of the machine's callers find it.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress

from cloche import documents
from cloche.locations import locate, private_directory
from cloche_linux.noting import put_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["StackedRoots"]

#: A specification may mount something over the root once more.
_MOST = 16


class StackedRoots:
    """The containers whose roots are mounted over one directory of the host.

    Each is known by the path of its note, and is there as long as that is.
    """

    __slots__ = ("_path", "_root")

    def __init__(self, root: str) -> None:
        """``root`` is a path without links."""
        from hashlib import sha256

        # Other namespaces have other mounts at the same path.
        space = os.stat("/proc/self/ns/mnt").st_ino
        name = sha256(os.fsencode(root)).hexdigest()[:32]
        self._root = root
        self._path = f"{_place()}/{space}-{name}"

    def enter(self, container: str) -> None:
        """Take in a container that is going to mount its root here."""
        with self._locked() as stack:
            if not stack["containers"]:
                stack.update(below=_mount_at(self._root), left=[])
            stack["containers"][container] = None

    def settle(self, container: str, pid: int) -> None:
        """Note which mount a container's root is, by its first process; nothing if that ended."""
        with suppress(OSError), self._locked() as stack:
            stack["containers"][container] = _mount_at(f"/proc/{pid}/root")

    def leave(self, container: str) -> None:
        """Take a container's root away, or have others do so, whose roots are over it.

        Raises OSError if it can't be taken away; the container is still there then.
        """
        with self._locked() as stack:
            if container not in stack["containers"]:
                return
            own = stack["containers"].pop(container)
            if not stack["containers"]:
                most = _MOST * (1 + len(stack["left"]))
                _detach_down_to(self._root, stack["below"], most)
            elif own is not None:
                stack["left"].append(own)
                _detach_those(self._root, stack["left"])

    @contextmanager
    def _locked(self) -> Iterator[dict[str, Any]]:
        """The containers, for a change that others see as a whole, or after an error not at all."""
        lock = os.open(os.path.dirname(self._path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stack = self._read()
            yield stack
            self._write(stack)
        finally:
            os.close(lock)

    def _read(self) -> dict[str, Any]:
        stack: dict[str, Any] = {"containers": {}}
        with suppress(FileNotFoundError), open(self._path, "rb") as file:
            stack = documents.parse(file.read())
        there = {path: own for path, own in stack["containers"].items() if os.path.exists(path)}
        return {**stack, "containers": there}

    def _write(self, stack: dict[str, Any]) -> None:
        if not stack["containers"]:
            with suppress(FileNotFoundError):
                os.unlink(self._path)
            return
        put_note(self._path, documents.write(stack))


def _place() -> str:
    run = locate().run
    private_directory(run)
    private_directory(f"{run}/roots")
    return f"{run}/roots"


def _detach_down_to(root: str, below: int | None, most: int) -> None:
    from cloche_linux.calls import detach

    for _ in range(most):
        if _mount_at(root) in (None, below):
            return
        detach(root)


def _detach_those(root: str, mounts: list[int]) -> None:
    """Take away what is topmost as long as it is one of these, which are fewer then."""
    from cloche_linux.calls import detach

    while (top := _mount_at(root)) in mounts:
        detach(root)
        mounts.remove(top)


def _mount_at(path: str) -> int | None:
    """The id of the mount that a path leads to; None if it leads nowhere."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as lines:
            fields = dict(line.split(":", 1) for line in lines)
    finally:
        os.close(descriptor)
    return int(fields["mnt_id"])
