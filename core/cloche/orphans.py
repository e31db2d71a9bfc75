"""Roots without a record: what a layer store holds for containers of which nothing else is left.

Records are gone when the machine has been restarted; roots may be on a disk. Several places for
records may share one for data (with and without a login session, say), so each is noted there, and
a root belongs to nobody only if none of them knows it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING
from zlib import crc32

from cloche._disk import point, pointed
from cloche.errors import CleanupFailed
from cloche.locations import private_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cloche.layers import LayerStore
    from cloche.locations import Locations

__all__ = ["all_runs", "note_place", "release_orphans"]


def note_place(places: Locations) -> None:
    """Say in the data directory that there are records in the run directory."""
    directory = os.path.join(places.data, "places")
    link = os.path.join(directory, f"{crc32(os.fsencode(places.run)):08x}")
    if not os.path.lexists(link):
        private_directory(places.data)
        private_directory(directory)
        with suppress(FileExistsError):
            point(places.run, link)


def release_orphans(
    places: Locations, store: LayerStore, strays: Callable[[], Collection[str]]
) -> list[str]:
    """Release what ``store`` holds for containers without a record; the ids of those.

    A record is made before its root, so whatever the store lists first, and no record is found for
    afterwards, is nobody's; unless it is a stray's, which still has it: ``strays`` names those.
    """
    released = []
    unknown = [each for each in list(store.list()) if not _is_recorded(places, each)]
    spared = strays() if unknown else ()
    for each in unknown:
        if each not in spared:
            with suppress(CleanupFailed):
                store.release(each)
                released.append(each)
    return released


def _is_recorded(places: Locations, id: str) -> bool:
    return any(os.path.lexists(os.path.join(run, "containers", id)) for run in all_runs(places))


def all_runs(places: Locations) -> list[str]:
    """Name all places of records that share one for data, this one first."""
    directory = os.path.join(places.data, "places")
    with suppress(OSError):
        noted = [pointed(os.path.join(directory, name)) for name in os.listdir(directory)]
        return [places.run, *noted]
    return [places.run]
