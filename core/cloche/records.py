"""The durable records of containers: atomic, locked, and readable after any crash of a process.

A record is a directory below ``containers`` that holds a journal, named for its owner, and whatever
the backends put there. They last as long as the machine is up; nothing is synced to a disk.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from cloche._disk import lock_directory, locked, point, pointed, remove_directory, rmdir, unlink
from cloche._disk import read as content_of
from cloche.errors import AlreadyExists, InvalidSpec, NotFound, Unavailable
from cloche.journal import Entry, Header, parse
from cloche.locations import is_there, private_directory
from cloche.record import Record

if TYPE_CHECKING:
    from cloche.spec import Spec

__all__ = ["Records", "check_name", "check_new_name"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_ENDING = ".journal"


def check_name(name: object, path: str = "name") -> str:
    """Return a proper name or id; InvalidSpec for any other."""
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    raise InvalidSpec(
        f"{path}: {name!r} is not a proper name",
        path=path,
        hint="letters, digits and _ . - after a letter or digit, at most 128",
    )


def check_new_name(name: object, path: str = "name") -> str:
    """Return a name that a container can be given here; InvalidSpec for any other."""
    checked = check_name(name, path)
    if _is_odd(checked):
        raise InvalidSpec(f"{path}: {name!r} is no name for a file of Windows", path=path)
    return checked


def _is_odd(name: str) -> bool:
    """Whether a file of this name would be another one, or none."""
    if sys.platform == "win32":
        from cloche.ids import is_device

        return name.endswith(".") or is_device(name)
    else:  # noqa: RET505 - of which only one is there
        return False


class Records:
    """All records below one directory; thread-safe, and safe beside other processes."""

    def __init__(self, run: str) -> None:
        self.run = run
        self._containers = os.path.join(run, "containers")
        self._names = os.path.join(run, "names")
        self._believed = False

    def _believe(self) -> None:
        """Before anything is read: what another user made here since we looked last is not ours."""
        self._believed = self._believed or is_there(self.run)

    def create(self, owner: str, header: Header) -> Record:
        """Make the record of a new container; the name is not reserved by this.

        Raises AlreadyExists if there is one with this id.
        """
        record = Record(header.id, header.name, self.directory(header.id), owner + _ENDING)
        while True:
            self._make_directory(record.directory, header.id)
            try:
                record.create(header)
            except FileNotFoundError:  # somebody took the empty directory for a dead process's
                continue
            except OSError:
                record.forget()
                raise
            return record

    def directory(self, id: str) -> str:
        """The directory of a container's record."""
        return f"{self._containers}{os.sep}{id}"

    def discard(self, record: Record) -> None:
        """Remove the record of a container of which nothing else is left."""
        record.close()
        try:
            lock = self.lock(record.id)
            assert lock is not None
            try:
                self.remove(record.id, record.name, lock)
            finally:
                os.close(lock)
        except OSError:  # not even a descriptor is to be had; what there is, is known
            self._give_back(record.name, record.id)
            record.forget()

    def _make_directory(self, path: str, id: str) -> None:
        try:
            os.mkdir(path, 0o700)
        except FileNotFoundError:
            for directory in (self.run, self._containers, self._names):
                private_directory(directory)
            self._make_directory(path, id)
        except FileExistsError:
            if not self.remove_if_empty(id):
                raise _id_in_use(id) from None
            self._make_directory(path, id)

    def check_free(self, id: str, *, any_case: bool) -> None:
        """Raise AlreadyExists if a container has this id or name, or one but for its case."""
        known = map(str.lower, self.ids()) if any_case else self.ids()
        if (id.lower() if any_case else id) in known or self._holder(id) is not None:
            raise _id_in_use(id)

    def reserve(self, name: str, id: str) -> str | None:
        """Give ``name`` to the container ``id``; the id of whoever has it, if somebody has.

        An id is a name of its own container, too.
        """
        if name != id and self.exists(name):
            return name
        link = os.path.join(self._names, name)
        try:
            point(id, link)
        except FileExistsError:
            holder = self._holder(name)
            if holder is not None:
                return holder
            self._forget_stale(name)
            return self.reserve(name, id)
        return None

    def _holder(self, name: str) -> str | None:
        """The id of the container that has the name, if it still exists."""
        try:
            holder = pointed(os.path.join(self._names, name))
        except FileNotFoundError:
            return None
        return holder if self.exists(holder) else None

    def forget_names(self, id: str) -> None:
        """Free the names of a container whose record does not tell them any more."""
        for name in os.listdir(self._names):
            if self._holder(name) == id:
                unlink(os.path.join(self._names, name))

    def _forget_stale(self, name: str) -> None:
        """Under a lock, for somebody else may just have done the same and reserved the name."""
        with locked(self._names), suppress(FileNotFoundError):
            if self._holder(name) is None:
                unlink(os.path.join(self._names, name))

    def ids(self) -> list[str]:
        """List the ids of all records, damaged ones too; Unavailable if they are another user's."""
        self._believe()
        try:
            return os.listdir(self._containers)
        except FileNotFoundError:
            return []
        except PermissionError as error:
            raise Unavailable(
                f"{self._containers}: permission denied",
                remedy="name a directory of your own by CLOCHE_ROOT",
            ) from error

    def exists(self, id: str) -> bool:
        """Say whether there is a record of this container."""
        return os.path.lexists(os.path.join(self._containers, id))

    def resolve(self, name: str) -> str:
        """Find an id by id, name, or unique prefix of an id.

        Raises NotFound, or InvalidSpec for a prefix of several.
        """
        self._believe()
        if self.exists(check_name(name)):
            return name
        if (holder := self._holder(name)) is not None:
            return holder
        found = [each for each in self.ids() if each.startswith(name)]
        if len(found) > 1:
            raise InvalidSpec(
                f"{name} is the beginning of {len(found)} ids", path="name", hint="write more of it"
            )
        if not found:
            raise no_container(name)
        return found[0]

    def read(self, id: str) -> Entry:
        """Read a record; NotFound if it is gone, Unavailable if the place is another user's."""
        self._believe()
        directory = os.path.join(self._containers, id)
        try:
            journal = next((f for f in os.listdir(directory) if f.endswith(_ENDING)), None)
            if journal is None:
                return Entry(id=id, directory=directory, problem=self._strangers(directory))
            content = content_of(os.path.join(directory, journal))
            return parse(id, directory, journal.removesuffix(_ENDING), content)
        except FileNotFoundError:
            raise no_container(id) from None
        except (NotADirectoryError, PermissionError) as error:
            return Entry(id=id, directory=directory, problem=f"its record is damaged: {error}")

    @staticmethod
    def _strangers(directory: str) -> str | None:
        return "its record has no journal" if os.listdir(directory) else None

    def owner(self, id: str) -> str | None:
        """Name the owner of a container without reading its record; None if it has none."""
        try:
            files = os.listdir(self.directory(id))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return next((f.removesuffix(_ENDING) for f in files if f.endswith(_ENDING)), None)

    def has_of(self, owner: str) -> bool:
        """Say whether there is a container of this owner, in whatever state."""
        try:
            known = os.listdir(self._containers)
        except FileNotFoundError:
            return False
        journal = f"{os.sep}{owner}{_ENDING}"
        return any(os.path.lexists(self.directory(each) + journal) for each in known)

    def spec(self, id: str) -> Spec:
        """Read the specification that a container was made of; NotFound if there is none."""
        from cloche.documents import read
        from cloche.spec import Spec

        entry = self.read(id)
        journal = os.path.join(entry.directory, f"{entry.owner}{_ENDING}")
        for line in content_of(journal).split(b"\n"):
            if line.startswith(b'{"spec":'):
                return read(Spec, line[len(b'{"spec":') : -1])
        raise NotFound(f"{entry.name} has no specification yet", container=id)

    def open(self, entry: Entry) -> Record:
        """Open the record of an entry for further notes."""
        name = entry.header.name if entry.header else None
        return Record(entry.id, name, entry.directory, f"{entry.owner}{_ENDING}")

    def lock(self, id: str, *, wait: bool = True) -> int | None:
        """Lock a record for its removal; None if it is locked and ``wait`` is false.

        Gives a descriptor of its directory, which ``remove`` takes. Raises NotFound.
        """
        try:
            return lock_directory(self.directory(id), wait=wait)
        except (FileNotFoundError, NotADirectoryError):
            raise no_container(id) from None

    def remove(self, id: str, name: str | None, lock: int) -> None:
        """Remove a locked record: first its name, last its journal.

        Nothing outside its own directory is touched.
        """
        self._give_back(name, id)
        remove_directory(self.directory(id), lock, last=_ENDING)

    def _give_back(self, name: str | None, id: str) -> None:
        if name is not None and self._holder(name) == id:
            unlink(os.path.join(self._names, name))

    def remove_if_empty(self, id: str) -> bool:
        """Remove what a process left that died before the first line; others try again."""
        try:
            rmdir(os.path.join(self._containers, id))
        except OSError:
            return False
        return True


def _id_in_use(id: str) -> AlreadyExists:
    return AlreadyExists(f"id in use: {id}", hint=f"cloche rm -f {id}", container=id)


def no_container(name: str) -> NotFound:
    """Make the error for a container that is not there."""
    return NotFound(
        f"no container {name}",
        hint="foreground runs are removed; --keep keeps them",
        container=name,
    )
