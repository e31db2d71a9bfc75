"""The directory of state that a caller keeps: one directory in it for each container."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
from contextlib import contextmanager

from cloche import _disk
from cloche.errors import AlreadyExists, InvalidSpec, NotFound
from cloche.locations import private_directory
from cloche.machine import refused

from .record import BundleRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .container import BundleContainer
    from .making import Wanted

__all__ = ["Home"]

_RECORD = "state.json"
_CONFIG = "config.json"
_LONGEST = 1024
_PROPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-")


class Home:
    """The containers below one directory, whoever made them; holds nothing open."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)

    def create(self, id: str, wanted: Wanted) -> BundleContainer:
        """Make a container of a bundle and leave it waiting for its start.

        It needs nothing of this process any more. Everything is checked before anything is made,
        and nothing is left on an error: InvalidSpec with the JSON path of a fault, AlreadyExists,
        and what the runtime's ``create`` raises.
        """
        from .making import make

        check_id(id)
        return make(self, id, wanted)

    def get(self, id: str) -> BundleContainer:
        """Find a container; NotFound if there is none of this id."""
        from .container import BundleContainer

        check_id(id)
        return BundleContainer(self, self.record(id))

    def remains(self, id: str) -> BundleContainer | None:
        """Find what is left of a container that `get` does not find, to be deleted by force.

        Whoever made it was ended before it was written down, or its record was damaged. None if
        there is nothing.
        """
        from .backend import DEFAULT
        from .container import BundleContainer

        check_id(id)
        if not os.path.isdir(self.directory(id)):
            return None
        return BundleContainer(self, BundleRecord.lost(id, DEFAULT))

    def ids(self) -> list[str]:
        """Name all containers, sorted."""
        try:
            return sorted(name for name in os.listdir(self.path) if _PROPER.issuperset(name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise refused(error, self.path) from error

    # What making and taking away need; nobody else.

    def directory(self, id: str) -> str:
        """Where everything of a container is kept."""
        return f"{self.path}/{id}"

    def reserve(self, id: str) -> None:
        """Make a container's directory; AlreadyExists if there is one."""
        private_directory(self.path)
        try:
            os.mkdir(f"{self.path}/{id}", 0o700)
        except FileExistsError:
            raise AlreadyExists(
                f"container with id exists: {id}", container=id, hint=f"delete {id} first"
            ) from None

    def record(self, id: str) -> BundleRecord:
        """Read what is written down of a container."""
        try:
            return BundleRecord.read(id, _disk.read(f"{self.path}/{id}/{_RECORD}"))
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(
                f'container "{id}" does not exist', container=id, hint="list shows which there are"
            ) from None
        except OSError as error:
            raise refused(error, id, container=id) from error

    def note(self, record: BundleRecord) -> None:
        """Write down a container, in place of what was written before."""
        self._write(record.id, _RECORD, record.write())

    def keep_config(self, id: str, data: bytes) -> None:
        """Keep a container's configuration: its bundle may change."""
        self._write(id, _CONFIG, data)

    def config(self, id: str) -> bytes:
        """Give back a container's configuration."""
        return _disk.read(f"{self.path}/{id}/{_CONFIG}")

    def discard(self, id: str) -> None:
        """Take a container's directory away, the record last; repeatable."""
        try:
            lock = _disk.lock_directory(f"{self.path}/{id}", wait=False)
        except (FileNotFoundError, NotADirectoryError):
            return
        if lock is None:  # our own caller has it, by `locked`
            lock = os.open(f"{self.path}/{id}", os.O_RDONLY)
        try:
            _disk.remove_directory(f"{self.path}/{id}", lock, last=_RECORD)
        finally:
            os.close(lock)

    @contextmanager
    def locked(self, id: str) -> Iterator[None]:
        """Keep others from starting or deleting a container; NotFound if it is gone."""
        try:
            lock = _disk.lock_directory(f"{self.path}/{id}", wait=True)
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f'container "{id}" does not exist', container=id) from None
        except OSError as error:
            raise refused(error, id, container=id) from error
        assert lock is not None
        try:
            yield
        finally:
            os.close(lock)

    def _write(self, id: str, name: str, data: bytes) -> None:
        path = f"{self.path}/{id}/{name}"
        draft = f"{path}.{os.getpid()}"
        with open(draft, "wb") as file:
            file.write(data)
        os.replace(draft, path)


def check_id(id: str) -> None:
    """Refuse what can't name a directory of one container; InvalidSpec."""
    if not id or not _PROPER.issuperset(id) or id in (".", "..") or len(id) > _LONGEST:
        raise InvalidSpec(
            f"invalid container id: {id!r}", path="id", hint="letters, digits and _ + . - only"
        )
