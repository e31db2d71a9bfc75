"""Endings of containers: found where no process can be asked for them, and noted when seen."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from cloche.errors import NotFound
from cloche.events import tell
from cloche.exit import Exit, ExitStatus, Reason
from cloche.journal import Note, Step
from cloche.runtime import State

if TYPE_CHECKING:
    from cloche.made import Made
    from cloche.workshop import Workshop

__all__ = ["ending_known", "ending_of", "note_ending", "note_ending_found"]


def ending_of(made: Made) -> Exit | None:
    """The ending of a container of this process; None as long as it waits for its start."""
    if not made.started and made.container.state() is State.CREATED:
        return None
    init = made.container.init
    return ending_known(made.failed) if init is None else init.exit


def ending_known(status: ExitStatus | None) -> Exit:
    """An exit that has happened; nobody may have learnt how."""
    ended = Exit()
    ended.resolve(ExitStatus.lost() if status is None else status)
    return ended


def note_ending(shop: Workshop, made: Made, status: ExitStatus) -> None:
    """Note how a container of this process ended, for those who ask when that is gone."""
    record = made.record
    tell(shop.plugins, "end", record.id, record.name, status=status)
    with suppress(FileNotFoundError):  # removed meanwhile, by somebody else
        if not made.given_up:
            record.note(Note.ended(status))
            record.close()


def note_ending_found(
    shop: Workshop, id: str, status: ExitStatus, when: float | None = None
) -> None:
    """The same for one that another process made, which may be gone; what is not known, is not."""
    if status.reason is Reason.LOST:
        return
    with suppress(NotFound, FileNotFoundError):
        entry = shop.records.read(id)
        if entry.problem is None and entry.step is Step.STARTING:
            record = shop.records.open(entry)
            record.note(Note.ended(status, when=when))
            record.close()
