"""The file of a dump: what it begins with (``_native/dump.h``), and its draft."""

from __future__ import annotations

import os
import stat
import struct
import sys
import time

from cloche.identity import boot_id
from cloche.named import NamedTuple
from cloche_linux.launcher.stamps import are_fresh, changed_since, encode, sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Self

__all__ = ["Draft", "TooNew", "is_settled", "place"]

_MAGIC = b"clochedm"
#: Magic, size, boot, how many regions, size of the front, stamps, how many; the context follows.
_HEAD = struct.Struct("=8sQ36sIQQQ72x")
_MODE = 0o600
#: Seconds after which whoever began a draft will not go on with it.
_LONG = 60
_HOUR = 3600
#: Bytes that stamps may have at most.
_MOST = 1 << 20


class TooNew(Exception):
    """Files were written while they were read."""


class Front(NamedTuple):
    """Files as they have to be: stamps, and how many they are."""

    stamps: bytes
    number: int


def place() -> str:
    """Return where this user's dump for this Python is: where compiled modules are."""
    folder = os.path.dirname(__file__)
    return f"{folder}/__pycache__/dump.3.{sys.version_info.minor}.{os.geteuid()}"


def is_settled(path: str, launcher: str) -> bool:
    """Say whether there is a dump of this boot and these files, or a word that none is of use.

    It is one ``launcher``'s: beside another may be another environment.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(file, "rb") as stream:
            return _is_ours(os.fstat(file)) and _is_good(stream, launcher)
    except (OSError, OverflowError, IndexError, ValueError, struct.error):
        return False


def _is_ours(status: os.stat_result) -> bool:
    return (
        stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o77
    )


def _is_good(stream: BinaryIO, launcher: str) -> bool:
    magic, size, boot, regions, _, start, number = _HEAD.unpack(stream.read(_HEAD.size))
    found = os.fstat(stream.fileno())
    if (magic, size, boot) != (_MAGIC, found.st_size, boot_id().encode()):
        return False
    if not regions and time.time() - found.st_mtime > _HOUR:
        return False  # a limit, a full disk: the reason may have gone
    stream.seek(start)
    return are_fresh(stream.read(_MOST), number, launcher)


class Draft:
    """A dump that is being written. Raises OSError if another is writing it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.draft = f"{path}.draft"
        self.file = -1

    def __enter__(self) -> Self:
        self.file = _begin(self.draft)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        os.close(self.file)
        if kind is not None:
            os.unlink(self.draft)

    def front(self, launcher: str, begun: int) -> Front:
        """Say what all that was imported since ``begun`` is from. Raises TooNew."""
        paths = [launcher, *sources()]
        if changed_since(paths, begun):
            raise TooNew
        return Front(encode(paths), len(paths))

    def keep(self) -> None:
        """Let it be the dump."""
        os.rename(self.draft, self.path)

    def refuse(self, front: Front) -> None:
        """Let the file say that there is no use in making one."""
        size = _HEAD.size + len(front.stamps)
        head = _HEAD.pack(_MAGIC, size, boot_id().encode(), 0, size, _HEAD.size, front.number)
        os.ftruncate(self.file, 0)
        os.pwrite(self.file, head + front.stamps, 0)
        self.keep()


def _begin(draft: str) -> int:
    try:
        if time.time() - os.lstat(draft).st_mtime > _LONG:
            os.unlink(draft)
    except FileNotFoundError:
        pass
    return os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
