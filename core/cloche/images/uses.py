"""What containers use of images, by what their records say."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from cloche.errors import NotFound, Unavailable
from cloche.orphans import all_runs
from cloche.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche.journal import Entry, Header
    from cloche.locations import Locations

__all__ = ["headers_with_images", "in_use", "is_all_known"]


def headers_with_images(places: Locations) -> Iterator[Header]:
    """The first lines of all records, of every place that shares this data, which name an image."""
    for entry in _entries(places):
        if entry.header is not None and entry.header.image_digest is not None:
            yield entry.header


def is_all_known(places: Locations) -> bool:
    """Whether each record says what its container uses; a damaged one may be a running one's."""
    return all(entry.header or entry.problem is None for entry in _entries(places))


def _entries(places: Locations) -> Iterator[Entry]:
    for run in dict.fromkeys(all_runs(places)):
        records = Records(run)
        with suppress(Unavailable):  # another user's, who has images of his own
            for each in records.ids():
                with suppress(NotFound):
                    yield records.read(each)


def in_use(places: Locations) -> Iterator[str]:
    """The digests of the manifests and of the unpacked layers that containers use."""
    for header in headers_with_images(places):
        assert header.image_digest is not None
        yield header.image_digest
        yield from header.layers
