r"""What a container has changed in its root, as a list, and as a layer of an image.

The driver tells both of a sandbox that is mounted, in which nothing runs any more. What is told of
the registry (``Hives``) is in the layer, and not in the list.
"""

from __future__ import annotations

import os
from contextlib import suppress
from queue import Full, Queue
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from cloche.errors import NotSupported
from cloche.layers import Change, ChangeKind
from cloche_hcs.layers.driver import descriptors_of
from cloche_hcs.layers.exporting import export_layer
from cloche_hcs.layers.onethread import on_one_thread
from cloche_hcs.layers.places import present
from cloche_hcs.layers.privileges import backup_privileges
from cloche_hcs.layers.streaming import exported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cloche_hcs.layers.sandboxes import Sandbox

__all__ = ["archive", "changes"]

_FILES: Final = "Files\\"
#: Pieces that may wait to be taken, of what ``tarfile`` writes at a time (10 KiB).
_AHEAD: Final = 64
#: Seconds between two looks whether somebody still wants them.
_LOOK: Final = 0.1


def changes(sandbox: Sandbox) -> list[Change]:
    """List what the container has changed, sorted by path."""
    _check(sandbox)

    def listed(go_on: Callable[[], None]) -> list[Change]:
        below = descriptors_of(sandbox.layers)
        found = []
        with backup_privileges(), exported(sandbox.home, sandbox.id, below) as layer:
            for name, info, _ in layer:
                go_on()
                if name.startswith(_FILES):
                    found.append(_change(sandbox, name, gone=info is None))
        return found

    return sorted(on_one_thread("changes", listed), key=lambda change: change.path)


def archive(sandbox: Sandbox) -> Iterator[bytes]:
    """Pack the changes as a layer's tar file, piece by piece, while they are read."""
    _check(sandbox)
    return _Export(sandbox).pieces()


def _check(sandbox: Sandbox) -> None:
    if not sandbox.mounted:
        raise NotSupported(
            f"{sandbox.id}: its changes are in its virtual machine's disk",
            container=sandbox.id,
            backend="filter",
        )


def _change(sandbox: Sandbox, name: str, *, gone: bool) -> Change:
    path = "C:\\" + name[len(_FILES) :]
    if gone:
        return Change(ChangeKind.DELETED, path)
    parts = name.split("\\")
    below = any(present(os.path.join(folder, *parts)) for folder in sandbox.layers)
    return Change(ChangeKind.MODIFIED if below else ChangeKind.ADDED, path)


class _Export:
    """A thread that writes a tar file, and another that takes it piece by piece."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._waiting: Queue[bytes | BaseException | None] = Queue(_AHEAD)
        self._unwanted = Event()

    def write(self, data: bytes) -> int:
        """Pass a piece on; waits until there is room, as long as anybody wants it."""
        self._pass(bytes(data))
        return len(data)

    def pieces(self) -> Iterator[bytes]:
        """Give what is written, and raise what goes wrong with it."""
        thread = Thread(target=self._run, name="cloche-hcs-export", daemon=True)
        thread.start()
        try:
            while (piece := self._waiting.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            self._unwanted.set()
            thread.join()

    def _run(self) -> None:
        sandbox = self._sandbox
        end: BaseException | None = None
        try:
            export_layer(sandbox.home, sandbox.id, sandbox.layers, self)
        except BaseException as error:  # noqa: BLE001 - it is the taker's
            end = error
        with suppress(_UnwantedError):
            self._pass(end)

    def _pass(self, piece: bytes | BaseException | None) -> None:
        while True:
            if self._unwanted.is_set():
                raise _UnwantedError
            try:
                self._waiting.put(piece, timeout=_LOOK)
            except Full:
                continue
            return


class _UnwantedError(Exception):
    """Nobody takes any more of it."""
