"""What a container changed, told and packed: of a root in one part or in several."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloche.layers import Change
from cloche.machine import refused
from cloche_linux.layering.deltas import of_copy, of_upper
from cloche_linux.layering.lowers import DIRECTORY, lowers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cloche_linux.layering.deltas import Delta
    from cloche_linux.layering.parts import Part

__all__ = ["archive", "changes"]


def changes(parts: Sequence[Part]) -> list[Change]:
    """Tell what changed, sorted by path."""
    with _refusals():
        found = [
            Change(delta.kind, f"{part.at}/{os.fsdecode(delta.path)}")
            for part in parts
            for _, deltas in _walked(part)
            for delta in deltas
        ]
    return sorted(found, key=lambda change: change.path)


def archive(parts: Sequence[Part]) -> Iterator[bytes]:
    """Pack what changed as a layer, in pieces."""
    from cloche_linux.layering.packing import END, Packer

    with _refusals():
        for part in parts:
            prefix = os.fsencode(part.at.strip("/"))
            for top, deltas in _walked(part):
                yield from Packer(top, prefix + b"/" if prefix else b"").pack(deltas)
    yield END


def _walked(part: Part) -> Iterator[tuple[int, Iterable[Delta]]]:
    """The open directory that has a part's changes, and what they are; once."""
    top = os.open(part.top, DIRECTORY)
    try:
        with lowers(part.layers) as below:
            yield top, of_copy(top, below) if part.copied else of_upper(top, below)
    finally:
        os.close(top)


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in our words what the machine refuses: what is walked may be anything."""
    try:
        yield
    except OSError as error:
        raise refused(error, "changes", operation="changes") from error
