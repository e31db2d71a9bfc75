"""Which processes hold containers, and whether they still live.

Each process that makes containers holds one locked file in each place where it has some, whatever
their number; the kernel lets go of the lock when the process ends, in whatever way.
"""

from __future__ import annotations

import atexit
import os
import sys
from _thread import allocate_lock
from contextlib import contextmanager, suppress

from cloche._disk import open_existing, open_new, try_lock, unlink
from cloche.locations import private_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Owner", "boot_id", "forget_the_dead", "is_alive", "let_go", "owned"]


class Owner:
    """This process, as the holder of containers below one directory."""

    __slots__ = ("_fd", "_path", "name", "users")

    def __init__(self, directory: str) -> None:
        private_directory(directory)
        #: How many containers are just being given its name.
        self.users = 0
        while True:
            #: ``PID-START-RANDOM``: unique, across pid namespaces that share the directory too.
            self.name = f"{os.getpid()}-{_start_time()}-{os.urandom(4).hex()}"
            self._path = os.path.join(directory, self.name)
            self._fd = open_new(self._path)
            if try_lock(self._fd) and _is_same(self._fd, self._path):
                return
            os.close(self._fd)  # another process took it for a dead one's before it was locked

    def close(self, *, forget: bool) -> None:
        """Let go of the lock; ``forget`` removes the file, which a forked child must not do."""
        if forget:
            _unlink(self._path)
        os.close(self._fd)


@contextmanager
def owned(run: str) -> Iterator[str]:
    """Name this process as a holder of containers below ``run``; made on first use.

    Until the block is left, nobody lets go of it; afterwards, whoever has the name keeps it.
    """
    directory = os.path.join(run, "owners")
    with _lock_of_held:
        owner = _held.get(directory)
        if owner is None:
            private_directory(run)
            owner = _held[directory] = Owner(directory)
        owner.users += 1
    try:
        yield owner.name
    finally:
        with _lock_of_held:
            owner.users -= 1


def let_go(run: str, has_containers: Callable[[str], bool]) -> None:
    """Hold nothing below ``run`` any more, if this process has no container there."""
    directory = os.path.join(run, "owners")
    with _lock_of_held:
        owner = _held.get(directory)
        if owner is not None and not owner.users and not has_containers(owner.name):
            del _held[directory]
            owner.close(forget=True)


_held: dict[str, Owner] = {}
_lock_of_held = allocate_lock()


def _release_all() -> None:
    while _held:
        _held.popitem()[1].close(forget=True)


def _forked() -> None:
    """A child holds none of its parent's containers, nor the locks that say its parent lives."""
    global _lock_of_held
    _lock_of_held = allocate_lock()
    while _held:
        _held.popitem()[1].close(forget=False)


atexit.register(_release_all)
if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forked)


def is_alive(directory: str, name: str) -> bool:
    """Say whether the process that was this owner still lives."""
    try:
        fd = open_existing(os.path.join(directory, name))
    except FileNotFoundError:
        return False
    try:
        return not try_lock(fd)
    finally:
        os.close(fd)


def forget_the_dead(directory: str) -> int:
    """Remove the files of owners that live no more; how many there were.

    An owner that ended as it should has removed its own.
    """
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return 0
    return sum(_forget_if_dead(os.path.join(directory, name)) for name in names)


def _forget_if_dead(path: str) -> bool:
    """Under its lock, for an owner that is just being made must not lose its file."""
    try:
        fd = open_existing(path)
    except FileNotFoundError:
        return False
    try:
        if dead := try_lock(fd):
            _unlink(path)
        return dead
    finally:
        os.close(fd)


if sys.platform == "win32":
    from cloche._win32.processes import boot_id
    from cloche._win32.processes import start_time as _start_time
else:

    def boot_id() -> str:
        """Tell this start of the machine from all others; empty where nobody says."""
        try:
            with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
                return file.read().strip()
        except OSError:
            return ""

    def _start_time() -> str:
        try:
            with open("/proc/self/stat", "rb") as file:
                return file.read().rpartition(b")")[2].split()[19].decode()
        except OSError:
            return "0"


def _is_same(fd: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.lstat(path))
    except FileNotFoundError:
        return False


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        unlink(path)
