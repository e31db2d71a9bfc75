"""The files of the keepers: one for each container that outlives its maker, and has a keeper.

The keeper is the first process's parent. It holds a lock on the container's file as long as it
lives, which is as long as the container does, and writes into it how that ended. So the files tell
which containers there are and what became of them, whatever was lost elsewhere, and nothing is
believed of a process that the kernel does not vouch for by the lock.

They are lines of JSON, and of one start of the machine: nothing that they tell of survives that.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import suppress

from cloche.errors import TimedOut
from cloche.identity import boot_id
from cloche.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Kept", "Keeping", "all_kept"]

#: Seconds that a keeper gets to note an end that has been seen.
_NOTING_LIMIT = 2.0
#: Seconds that a keeper gets to be gone.
_ENDING_LIMIT = 10.0
_PAUSE = 0.002


class Kept(Value, kw_only=True):
    """What a keeper's file tells."""

    #: Marks whose container it is.
    owner: str
    #: The container's directory of state.
    state: str
    #: By which the container is found again; None if its maker died before it could note that.
    info: Mapping[str, object] | None = None
    #: How its first process ended, as ``wait`` has it; None if it has not, or nobody learnt.
    status: int | None = None


class Keeping:
    """The file of one container."""

    __slots__ = ("_directory", "_path")

    def __init__(self, home: Path | str, id: str) -> None:
        self._directory = _directory(home)
        self._path = os.path.join(self._directory, id)

    def begin(self, owner: str, state: Path | str) -> int:
        """Make the file, before anything else is made of the container.

        Returns its descriptor, which is for the keeper, and the caller's to close: the lock is held
        until the last one is closed.
        """
        self.remove()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            descriptor = os.open(self._path, flags, 0o600)
        except FileNotFoundError:
            _make_room(self._directory)
            descriptor = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _append(descriptor, {"owner": owner, "state": str(state)})
        except BaseException:
            os.close(descriptor)
            self.remove()
            raise
        return descriptor

    def note(self, info: Mapping[str, object]) -> None:
        """Write down by what the container is found again."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            _append(descriptor, {"info": info})
        finally:
            os.close(descriptor)

    def read(self) -> Kept | None:
        """Read what there is; None if there is nothing, or not even the first line was written."""
        try:
            with open(self._path, "rb") as file:
                lines = file.read().split(b"\n")[:-1]
        except FileNotFoundError:
            return None
        facts: dict[str, object] = {}
        for line in lines:
            with suppress(ValueError):
                facts |= json.loads(line)
        return _kept(facts)

    def lives(self) -> bool:
        """Say whether the keeper lives, and with it the container."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def await_end(self, timeout: float = _NOTING_LIMIT) -> bool:
        """Wait for a keeper that is about to end; False if it does not within so many seconds."""
        deadline = time.monotonic() + timeout
        while self.lives():
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
        return True

    def status(self) -> int | None:
        """Tell how the first process ended, of which it is known that it has."""
        kept = self.read()
        if kept is not None and kept.status is None and self.await_end():
            kept = self.read()
        return None if kept is None else kept.status

    def finish(self, id: str) -> None:
        """Wait for the keeper's end and take its file away; TimedOut if it does not end."""
        if not self.await_end(_ENDING_LIMIT):
            raise TimedOut(f"{id} does not end", operation="delete", container=id)
        self.remove()

    def changed(self) -> float | None:
        """Tell when the last line was written, which is the end where that was noted."""
        with suppress(FileNotFoundError):
            return os.stat(self._path).st_mtime
        return None

    def exists(self) -> bool:
        """Whether there is a file, in whatever state."""
        return os.path.lexists(self._path)

    def remove(self) -> None:
        """Take the file away; repeatable."""
        with suppress(FileNotFoundError):
            os.unlink(self._path)


def all_kept(home: Path | str, owner: str) -> Iterator[tuple[str, Keeping, Kept]]:
    """Find all of an owner's, by their ids; of what is just being made nothing is told."""
    try:
        names = os.listdir(_directory(home))
    except FileNotFoundError:
        return
    for name in names:
        keeping = Keeping(home, name)
        kept = keeping.read()
        if kept is not None and kept.owner == owner:
            yield name, keeping, kept


def _kept(facts: dict[str, object]) -> Kept | None:
    match facts:
        case {"owner": str(owner), "state": str(state)}:
            info, status = facts.get("info"), facts.get("status")
            return Kept(
                owner=owner,
                state=state,
                info=info if isinstance(info, dict) else None,
                status=status if isinstance(status, int) else None,
            )
    return None


def _directory(home: Path | str) -> str:
    return os.path.join(home, "kept", boot_id())


def _make_room(directory: str) -> None:
    """Make the directory of this start of the machine, and forget those of earlier ones."""
    above = os.path.dirname(directory)
    os.makedirs(above, 0o700, exist_ok=True)
    for name in os.listdir(above):
        if name != os.path.basename(directory):
            _forget(os.path.join(above, name))
    with suppress(FileExistsError):
        os.mkdir(directory, 0o700)


def _forget(directory: str) -> None:
    from cloche_linux.trees import remove_tree

    with suppress(OSError):
        remove_tree(directory)


def _append(descriptor: int, line: Mapping[str, object]) -> None:
    """Write a line in one go, as the keeper does: neither is ever within another's."""
    os.write(descriptor, json.dumps(line).encode() + b"\n")
