"""Streams that outlast the process that named them: by driver and path, to be opened by another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import InvalidState
from cloche.request import Asked
from cloche.stdio import Size, Streams, StreamTarget
from cloche.streams import DEVNULL, STDOUT

if TYPE_CHECKING:
    from concurrent.futures import Future

    from cloche.journal import Entry

__all__ = ["Bound", "noted", "recalled"]

_NAMES = ("stdin", "stdout", "stderr")


class Bound(Streams):
    """The streams of a container that has its own already, and of which nothing is held here."""

    def release_ends(self) -> None:
        """Hold nothing, release nothing."""

    def drained(self) -> Future[None] | None:
        """Nothing is on its way that this process knows of."""


def noted(asked: Asked) -> dict[str, object] | None:
    """Tell where all streams go, as small JSON; None if only this process can open one of them."""
    where: dict[str, object] = {}
    for name in _NAMES:
        stream = getattr(asked, name)
        if stream == DEVNULL or (stream is None and name == "stdin"):
            where[name] = None
        elif stream == STDOUT:
            where[name] = "stdout"
        elif isinstance(stream, StreamTarget) and not isinstance(stream.argument, int):
            where[name] = dict(stream.__dict__)
        else:
            return None
    if asked.tty is not None:
        where["terminal"] = [*asked.tty]
    return where


def recalled(entry: Entry) -> Asked:
    """Ask for the streams that were noted; InvalidState if they were the maker's alone."""
    if entry.stdio is None:
        raise InvalidState(
            f"the streams of {entry.name} were those of the process that created it",
            hint="only that process can start it",
            operation="start",
            container=entry.name,
        )
    asked = Asked()
    for name in _NAMES:
        setattr(asked, name, _target(entry.stdio.get(name)))
    match entry.stdio.get("terminal"):
        case [int(width), int(height)]:
            asked.tty = Size(width, height)
    return asked


def _target(told: object) -> StreamTarget | int:
    match told:
        case "stdout":
            return STDOUT
        case {"driver": str(driver), "argument": str() | None as argument, "append": append}:
            return StreamTarget(driver=driver, argument=argument, append=append is True)
    return DEVNULL
