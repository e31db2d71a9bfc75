"""A sandbox on its way out, from whatever state it is in.

Destroying a layer that is mounted ends the process that asks for it, so a layer is destroyed only
when it is proven to be none: the driver has detached its disk, or Windows has let its folder be
renamed, which it does not while a file beneath it is open.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import CleanupFailed, ClocheError
from cloche_hcs.hresult import LOST
from cloche_hcs.layers.driver import Driver, code_of
from cloche_hcs.layers.patience import file_in_use, patiently
from cloche_hcs.layers.places import is_layer, is_link, long, present

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche_hcs.layers.sandboxes import Note, Sandbox

__all__ = ["remove"]


def remove(note: Note) -> None:
    """Take away the sandbox that a note is about, and drop the note.

    Does all that can be done. Raises CleanupFailed, and the note stays, if something remains; for a
    damaged note, too, which is dropped.
    """
    _Removal(note, note.read()).run()
    note.drop()


class _Removal:
    def __init__(self, note: Note, sandbox: Sandbox) -> None:
        self._note = note
        self._sandbox = sandbox
        self._driver = Driver(sandbox.home, sandbox.id)
        self._problems: list[Exception] = []
        #: Proven not to be mounted.
        self._loose = not sandbox.mounted

    def run(self) -> None:
        """From where it lies to nowhere."""
        if self._driver.busy:
            raise self._failed("a call for it has not returned")
        folder = self._found()
        if folder is not None:
            self._check(folder)
            if folder == self._sandbox.folder:
                self._dismount()
                folder = self._put_aside()
            self._destroy(folder)

    def _found(self) -> str | None:
        """Where it lies: under its own name or, if it was begun to be removed, under the other."""
        sandbox = self._sandbox
        if present(sandbox.folder):
            return sandbox.folder
        if sandbox.removing and present(sandbox.aside):
            self._loose = True
            return sandbox.aside
        return None

    def _check(self, folder: str) -> None:
        """Refuse what is not, or not any more, the sandbox that the note is about."""
        sandbox = self._sandbox
        if is_link(folder):
            raise self._failed(f"{folder} is a link to somewhere else")
        if folder in sandbox.layers or is_layer(folder):
            raise self._failed(f"{folder} is a read-only layer")
        if not sandbox.owns(folder):
            raise self._failed(f"{folder} is another folder than was made")

    def _dismount(self) -> None:
        """Take it out of the filter, and detach its disk; one that never was mounted has none."""
        if not self._sandbox.mounted:
            return
        self._loose = self._driver.dismount(self._problems)
        if any(code_of(problem) in LOST for problem in self._problems):
            # Nothing was reached: let it lie where the next attempt finds it mounted.
            raise self._failed("the service is away")

    def _put_aside(self) -> str:
        """Rename it, so that its id is free; where it lies then."""
        sandbox = self._sandbox
        if present(sandbox.aside):
            self._problems.append(FileExistsError(f"{sandbox.aside} is in the way"))
        else:
            self._note.say(removing=True)
            if self._try(lambda: patiently(self._rename, file_in_use)):
                self._loose = True
                return sandbox.aside
        if not self._loose:
            raise self._failed("it may still be mounted")
        return sandbox.folder

    def _rename(self) -> None:
        os.rename(long(self._sandbox.folder), long(self._sandbox.aside))

    def _destroy(self, folder: str) -> None:
        assert self._loose
        if not self._try(lambda: self._driver.destroy(folder)) and present(folder):
            raise self._failed(f"{folder} could not be destroyed")
        if present(folder):
            raise self._failed(f"{folder} is still there, though the driver says it is not")

    def _try(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except (ClocheError, OSError) as problem:
            self._problems.append(problem)
            return False
        return True

    def _failed(self, reason: str) -> CleanupFailed:
        told = "; ".join(str(problem) for problem in self._problems)
        return CleanupFailed(
            f"the sandbox of {self._sandbox.id} remains: {reason}{f' ({told})' if told else ''}",
            problems=self._problems,
            container=self._sandbox.id,
            backend="filter",
        )
