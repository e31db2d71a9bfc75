"""``run``: a container that lives for one command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloche.events import tell
from cloche.interrupts import interruptible, shielded
from cloche.journal import Note
from cloche.removal import DRAIN, remove_made
from cloche.waiting import drain_of, refuse_terminal, result_of, until_end

if TYPE_CHECKING:
    from cloche.draining import Drain
    from cloche.exit import ExitStatus
    from cloche.made import Made
    from cloche.request import Asked
    from cloche.result import Result
    from cloche.workshop import Workshop

__all__ = ["leave", "run"]


def run(shop: Workshop, asked: Asked) -> Result[Any]:
    """Make the container, wait for its end, and remove it or (``keep``) note how it ended.

    Whatever is raised meanwhile, KeyboardInterrupt too: it is killed and removed first.
    """
    refuse_terminal(asked)
    with shielded():
        return _run(shop, asked)


def _run(shop: Workshop, asked: Asked) -> Result[Any]:
    made = shop.make(asked)
    drain: Drain | None = None
    try:
        drain = drain_of(asked, made.streams)
        with interruptible():
            status = until_end(made.process, drain, asked, made.container.terminate)
    except BaseException as error:
        _remove_after(shop, made, drain, error)
        raise
    tell(shop.plugins, "end", made.record.id, made.record.name, status=status)
    if asked.keep:
        try:
            drain.finish(DRAIN)
        finally:
            drain.close()
        leave(made, status)
    else:
        try:
            remove_made(shop, made, lambda: drain.finish(DRAIN))
        finally:
            drain.close()
    return result_of(asked, status, drain)


def _remove_after(shop: Workshop, made: Made, drain: Drain | None, error: BaseException) -> None:
    try:
        remove_made(shop, made, lambda: None)
    except Exception as problem:  # noqa: BLE001 - the first error is the one to tell
        error.add_note(f"and then, clearing up: {type(problem).__name__}: {problem}")
    finally:
        if drain is not None:
            drain.close()


def leave(made: Made, status: ExitStatus) -> None:
    """Let a stopped container be that is kept, with nothing of it open here."""
    try:
        made.record.note(Note.ended(status))
    finally:
        made.streams.close()
        made.container.close()
        made.record.close()
