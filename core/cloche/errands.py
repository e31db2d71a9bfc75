"""Containers that must run to their end before another can be deleted (Windows' servicing)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cloche.errors import AlreadyExists, TimedOut
from cloche.records import check_name
from cloche.request import Asked
from cloche.streams import DEVNULL
from cloche.values import replace

if TYPE_CHECKING:
    from cloche.exit import Exit
    from cloche.journal import Entry
    from cloche.runtime import CreateRequest
    from cloche.workshop import Workshop

__all__ = ["run_errand"]

#: Seconds that an errand may take which does not say how many.
TIMEOUT = 300.0


def run_errand(shop: Workshop, entry: Entry, request: CreateRequest) -> None:
    """Make the container, wait for its end, and remove it, whatever came of it.

    It has a record and a root of its own, beside those of ``entry``'s container, and nothing of
    that one's streams. Whether it did what it should, the runtime knows, which deletes afterwards.
    Raises TimedOut if it does not end in its time.
    """
    from cloche.making import Making
    from cloche.removal import remove_made

    assert entry.header is not None
    name = check_name(request.id)
    request = replace(request, state=Path(shop.records.directory(name)))
    _make_way(shop, entry.id, name)
    runtime = shop.chooser.runtime_called(entry.header.runtime)
    forms = runtime.backend.accepts(request)
    store, form = shop.chooser.store_of(entry.header.layer_store, request.layers, forms)
    made = Making(shop, _asked(entry.id, request), request, runtime, store, form).run()
    try:
        _wait(made.process.exit, request)
    finally:
        remove_made(shop, made, lambda: None)


def _asked(errand_of: str, request: CreateRequest) -> Asked:
    asked = Asked()
    asked.stdout = asked.stderr = DEVNULL
    asked.isolation = request.isolation
    asked.errand_of = errand_of
    asked.args = (request.spec.process and request.spec.process.args) or ()
    return asked


def _make_way(shop: Workshop, errand_of: str, id: str) -> None:
    """Remove what is left of an earlier attempt; a container of somebody else's stays."""
    from cloche.removal import remove

    if not shop.records.exists(id):
        return
    header = shop.records.read(id).header
    if header is None or header.errand_of != errand_of:
        raise AlreadyExists(f"id in use: {id}, by which {errand_of} is serviced", container=id)
    remove(shop, id, force=True)


def _wait(exit: Exit, request: CreateRequest) -> None:
    seconds = TIMEOUT if request.timeout is None else request.timeout
    try:
        exit.wait(seconds)
    except TimedOut as error:
        message = f"{request.id} has not ended after {seconds:g} seconds"
        raise TimedOut(message, operation="errand", container=request.id) from error
