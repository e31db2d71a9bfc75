"""The class of service of one container: what was made for it, and what is taken away again."""

from __future__ import annotations

import os

from cloche import documents
from cloche.values import Value, replace
from cloche_linux.cgroups.files import read, write
from cloche_linux.class_note import CLASS_NOTE
from cloche_linux.noting import put_note
from cloche_linux.resctrl import failure, plan_of_update

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from cloche.spec import LinuxIntelRdt
    from cloche_linux.resctrl import ClassPlan

__all__ = ["ServiceClass"]


class _Note(Value, kw_only=True):
    top: str
    directory: str
    monitored: str | None
    named: bool
    #: Whether it was not there before.
    made: bool


class ServiceClass:
    """A container's class, as any process of ours sees it; it is noted before it is made."""

    __slots__ = ("_id", "_path")

    def __init__(self, id: str, state: Path | str) -> None:
        self._id = id
        self._path = f"{state}/{CLASS_NOTE}"

    def make(self, plan: ClassPlan) -> None:
        """Make the class, or join one that is there; on an error nothing is left."""
        note = _Note(
            top=plan.top,
            directory=plan.directory,
            monitored=plan.monitored,
            named=plan.named,
            made=not os.path.isdir(plan.directory),
        )
        self._write(note)
        try:
            if note.made and not _make(note.directory, note.top):
                self._write(replace(note, made=False))  # somebody else was faster
            _set(plan)
            if plan.monitored is not None and not _make(plan.monitored, plan.top):
                self._write(replace(self._read(), monitored=None))
                raise failure(_taken(), f"the group {self._id} is measured already", plan.top)
        except BaseException:
            self.undo()
            raise

    def enter(self, *pids: int) -> None:
        """Move processes there, which those they fork are with."""
        note = self._read()
        for directory in (note.directory, note.monitored):
            for pid in pids if directory is not None else ():
                _move(pid, f"{directory}/tasks", note.top)

    def update(self, wanted: LinuxIntelRdt, pids: Callable[[], Iterable[int]]) -> None:
        """Change its shares; a container without a class gets one."""
        if not os.path.exists(self._path):
            self.make(plan_of_update(wanted, self._id, None))
            self.enter(*pids())
            return
        _set(plan_of_update(wanted, self._id, self._read().directory))

    def undo(self) -> None:
        """Take away what a creation that failed has made; repeatable."""
        self._remove(even_named=True)

    def remove(self) -> None:
        """Take away what is the container's alone; repeatable, and nothing without a note."""
        self._remove(even_named=False)

    def _remove(self, *, even_named: bool) -> None:
        if not os.path.exists(self._path):
            return
        note = self._read()
        if note.monitored is not None:
            _rmdir(note.monitored, note.top)
        if note.made and (not note.named or (even_named and not _crowded(note.directory))):
            _rmdir(note.directory, note.top)
        os.unlink(self._path)

    def _read(self) -> _Note:
        with open(self._path, "rb") as file:
            return _Note(**documents.parse(file.read()))

    def _write(self, note: _Note) -> None:
        put_note(self._path, documents.write(note.__dict__))


def _make(directory: str, top: str) -> bool:
    """Make a directory; whether there was none."""
    try:
        os.mkdir(directory, 0o755)
    except FileExistsError:
        return False
    except OSError as error:
        raise failure(error, f"{directory} can't be made", top) from error
    return True


def _taken() -> FileExistsError:
    import errno

    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _set(plan: ClassPlan) -> None:
    for text in plan.writes:
        try:
            write(f"{plan.directory}/schemata", text)
        except OSError as error:
            told = text.strip().replace("\n", ", ")
            raise failure(error, f"the kernel refuses {told}", plan.top) from error


def _move(pid: int, tasks: str, top: str) -> None:
    try:
        write(tasks, str(pid))
    except ProcessLookupError:
        return
    except OSError as error:
        raise failure(error, f"process {pid} can't be moved to {tasks}", top) from error


def _crowded(directory: str) -> bool:
    return bool((read(f"{directory}/tasks") or "").split())


def _rmdir(directory: str, top: str) -> None:
    try:
        os.rmdir(directory)
    except FileNotFoundError:
        return
    except OSError as error:
        raise failure(error, f"{directory} can't be removed", top) from error
