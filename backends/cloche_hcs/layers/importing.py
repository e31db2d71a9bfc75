"""From an OCI layer's tar file to a read-only layer of the filter driver."""

from __future__ import annotations

import json
import os
import shutil
from io import BytesIO
from typing import TYPE_CHECKING

from cloche.errors import AlreadyExists, CleanupFailed, ClocheError
from cloche_hcs import vmcompute
from cloche_hcs.hresult import succeeded
from cloche_hcs.layers.driver import Driver, descriptors_of
from cloche_hcs.layers.hardlinks import make_hard_link
from cloche_hcs.layers.onethread import on_one_thread
from cloche_hcs.layers.places import (
    check_folder,
    check_id,
    identity,
    is_layer,
    is_link,
    long,
    mark_of,
    present,
)
from cloche_hcs.layers.privileges import backup_privileges, restore_times
from cloche_hcs.layers.streaming import imported
from cloche_hcs.layers.tarstream import reader
from cloche_hcs.layers.turns import turn
from cloche_hcs.layers.unloading import Unloader
from cloche_hcs.translate import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloche_hcs.layers.readable import Readable

__all__ = ["clear_up", "import_layer"]


def import_layer(
    tar_stream: Readable,
    home: str,
    id: str,
    parents: Sequence[str] = (),
    *,
    timeout: float | None = None,
) -> str:
    """Make the layer ``id`` in the folder ``home`` of a tar file, and return its folder.

    ``parents`` are the folders of the layers below it, topmost first; none for a base layer. The
    tar file is read once, as it comes, and held neither in memory nor on the disk. If others import
    the same id, they are waited for; a layer that is there already is returned as it is, unread.

    On an error nothing is left, nor when the process dies: the next import of the id clears up.
    Needs a user who may have the privileges SeBackup, SeRestore and SeSecurity. Raises ImageError
    for a damaged or hostile tar file, AlreadyExists if the folder is no layer, NotSupported where
    this build of Windows does not import layers file by file, TimedOut after ``timeout`` seconds.
    """
    home = check_folder(home, "home")
    folders = [check_folder(path, f"parents[{number}]") for number, path in enumerate(parents)]
    importing = _Importing(tar_stream, home, check_id(id), folders)
    return on_one_thread("import_layer", importing.run, timeout)


def clear_up(home: str, id: str) -> None:
    """Take away what a process left that died while it imported the layer, if one has."""
    _Importing(BytesIO(), home, check_id(id), ()).clear_up()


class _Importing:
    def __init__(self, tar_stream: Readable, home: str, id: str, parents: Sequence[str]) -> None:
        self._stream = tar_stream
        self._home, self._id, self._parents = home, id, parents
        self._folder = os.path.join(home, id)
        self._mark = mark_of(self._folder)

    def run(self, go_on: Callable[[], None]) -> str:
        """Import it in its turn."""
        with turn(long(f"{self._mark}.turn")):
            self._clear_up()
            if not self._is_there():
                self._note(None)
                try:
                    with backup_privileges():
                        self._import(go_on)
                except BaseException as error:
                    self._undo(error)
                    raise
                os.unlink(long(self._mark))
        return self._folder

    def clear_up(self) -> None:
        """In its turn: whoever is importing it is no dead process."""
        with turn(long(f"{self._mark}.turn")):
            self._clear_up()

    def _is_there(self) -> bool:
        if present(self._folder) and not is_layer(self._folder):
            raise AlreadyExists(
                f"there is something that is no layer: {self._folder}",
                hint="choose another id, or remove what has it",
                backend="filter",
            )
        return present(self._folder)

    def _clear_up(self) -> None:
        """Take away what a process left that died while it imported the layer."""
        if not present(self._mark):
            return
        if present(self._folder):
            if not self._is_ours():
                raise CleanupFailed(
                    f"{self._folder} is not what an import that was broken off has left: remove"
                    f" {self._mark} if it is a layer, and the folder if it is none",
                    backend="filter",
                )
            Driver(self._home, self._id).destroy(self._folder)
        os.unlink(long(self._mark))

    def _is_ours(self) -> bool:
        """There was no folder when the mark was made; a dead process may not have known it yet."""
        with open(long(self._mark), encoding="utf-8") as file:
            noted = json.load(file)
        return not is_link(self._folder) and noted in (None, list(identity(self._folder)))

    def _note(self, folder: tuple[int, int] | None) -> None:
        """Mark the layer as one that is being imported, and its folder as ours."""
        fresh = long(f"{self._mark}.new")
        with open(fresh, "w", encoding="utf-8") as file:
            json.dump(folder, file)
        os.replace(fresh, long(self._mark))

    def _import(self, go_on: Callable[[], None]) -> None:
        below = descriptors_of(self._parents)
        with reader(self._stream) as tar, imported(self._home, self._id, below) as layer:
            if present(self._folder):
                self._note(identity(self._folder))
            unloader = Unloader(layer, keep_originals=not self._parents)
            try:
                unloader.unload(tar, go_on)
            except BaseException:
                unloader.close()
                raise
        try:
            self._complete(unloader)
        finally:
            unloader.close()

    def _complete(self, unloader: Unloader) -> None:
        """What can be done only when all files are there; the times of directories last."""
        for place, original in unloader.originals.items():
            original.seek(0)
            with open(long(os.path.join(self._folder, place)), "wb") as file:
                shutil.copyfileobj(original, file)
        for name, target in unloader.hard_links:
            make_hard_link(self._folder, name, target, self._parents)
        for name, info in reversed(unloader.directories):
            path = os.path.join(self._folder, *name.split("\\"))
            if present(path):  # the driver need not keep what a parent has, too
                restore_times(long(path), info)
        if not self._parents:
            self._process()

    def _process(self) -> None:
        """Let Windows complete a base layer, and the virtual machine that it may bring along."""
        _check("ProcessBaseImage", vmcompute.ProcessBaseImage(self._folder))
        machine = os.path.join(self._folder, "UtilityVM")
        if present(machine):
            _check("ProcessUtilityImage", vmcompute.ProcessUtilityImage(machine))

    def _undo(self, error: BaseException) -> None:
        """Before the first call there was no folder, so what is there now is ours."""
        try:
            if present(self._folder):
                self._note(identity(self._folder))
                Driver(self._home, self._id).destroy(self._folder)
            os.unlink(long(self._mark))
        except (ClocheError, OSError) as further:
            error.add_note(f"and then, clearing up: {further}")


def _check(function: str, code: int) -> None:
    if not succeeded(code):
        raise failure(function, code)
