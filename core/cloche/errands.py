"""Containers that must run to their end before another can be deleted (Windows' servicing)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.request import Asked
from cloche.streams import DEVNULL

if TYPE_CHECKING:
    from cloche.journal import Entry
    from cloche.runtime import CreateRequest
    from cloche.workshop import Workshop

__all__ = ["run_errand"]

#: Seconds that an errand may take which does not say how many.
TIMEOUT = 300.0


def run_errand(shop: Workshop, entry: Entry, request: CreateRequest) -> None:
    """Make the container, wait for its end, and remove it; it has a record of its own.

    Raises TimedOut if it does not end in its time; it is removed then, too.
    """
    from cloche.making import Making
    from cloche.removal import remove_made

    assert entry.header is not None
    runtime = shop.chooser.runtime_called(entry.header.runtime)
    forms = runtime.backend.accepts(request)
    store, form = shop.chooser.store_of(entry.header.layer_store, request.layers, forms)
    asked = Asked()
    asked.stdout = asked.stderr = DEVNULL
    made = Making(shop, asked, request, runtime, store, form).run()
    try:
        made.process.exit.wait(TIMEOUT if request.timeout is None else request.timeout)
    finally:
        remove_made(shop, made, lambda: None)
