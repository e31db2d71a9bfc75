"""Progress for pipes and files: a line for each thing that has begun or ended, or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.progress.display import FINISHED, Display
from cloche_cli.words import printable, short, size

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from cloche.images.progress import Progress

__all__ = ["Events", "Lines"]


class Lines(Display):
    """Says of each blob that it is on its way, and that it is there."""

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file
        self._told: set[tuple[str, str]] = set()

    def show(self, events: Sequence[Progress]) -> None:
        """Print those stages that were not told yet."""
        for event in events:
            told = (event.digest, event.stage)
            if told not in self._told and event.stage != "waiting":
                self._told.add(told)
                self._file.write(f"{_line(event)}\n")
        self._file.flush()


class Events(Display):
    """Prints every event as one line of JSON."""

    needed: ClassVar[bool] = True

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file

    def show(self, events: Sequence[Progress]) -> None:
        """Print them."""
        from cloche_cli.output import json_line

        for event in events:
            document = {
                "reference": event.reference,
                "digest": event.digest,
                "stage": event.stage,
                "current": event.current,
                "total": event.total,
            }
            self._file.write(json_line(document))
        self._file.flush()


def _line(event: Progress) -> str:
    count = event.current if event.stage in FINISHED and event.current else event.total
    parts = [printable(event.reference), short(event.digest), event.stage]
    return " ".join([*parts, *([size(count)] if count else [])])
