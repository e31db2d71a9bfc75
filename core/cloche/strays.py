"""Containers without a record: a service still has them, and says that they are ours.

Their records were lost, or are in a place that this engine does not know. What there is to know of
them is their id; nothing but what the runtime itself made for them is touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cloche.errors import ClocheError, NotFound
from cloche.finding import details_of, state_of
from cloche.journal import Entry, Header, Step
from cloche.records import no_container
from cloche.runtime import Capability

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cloche.choice import Opened
    from cloche.runtime import Runtime, RuntimeContainer, Status
    from cloche.workshop import Workshop

__all__ = ["find_stray", "remove_stray", "roll_call", "stray"]


def roll_call(shop: Workshop) -> Mapping[str, Mapping[str, Status]]:
    """Ask each runtime whose containers outlive their makers for all of ours, by one query each.

    By the runtimes' names. What can't be asked now is left out, and hides none of the others.
    """
    return {runtime.name: dict(present) for runtime, present in _called(shop)}


def _called(shop: Workshop) -> Iterator[tuple[Opened[Runtime], list[tuple[str, Status]]]]:
    for runtime in shop.chooser.runtimes_here(Capability.OUTLIVES):
        try:
            yield runtime, [(status.id, status) for status in runtime.backend.list()]
        except ClocheError:  # its own verbs will say why
            continue


def find_stray(shop: Workshop, id: str) -> Entry | None:
    """Look for a container without a record; None if there is none of this id."""
    for runtime, present in roll_call(shop).items():
        if id in present:
            return stray(shop, id, runtime)
    return None


def stray(shop: Workshop, id: str, runtime: str) -> Entry:
    """Make up for the record that there should be."""
    header = Header(id=id, created=0.0, runtime=runtime, lifetime="detached", keep=True)
    return Entry(
        id=id,
        directory=shop.records.directory(id),
        header=header,
        step=Step.STARTING,
        problem="it has no record",
        stray=True,
    )


def remove_stray(
    shop: Workshop, entry: Entry, held: RuntimeContainer | None, *, force: bool
) -> None:
    """Have its runtime remove a container without a record; ``held`` is closed.

    Raises InvalidState if it is running, unless ``force``; NotFound; CleanupFailed.
    """
    from cloche.removal import Attempts, refuse_running, run_errand_of

    assert entry.header is not None
    if not force:
        refuse_running(entry.name, details_of(shop, entry, state_of(shop, entry, held)))
    attempts = Attempts()
    container = held or _load(shop, entry)
    attempts.try_to(lambda: run_errand_of(shop, container, lambda: entry))
    attempts.try_to(container.delete)
    container.close()
    attempts.tell(entry.name)


def _load(shop: Workshop, entry: Entry) -> RuntimeContainer:
    assert entry.header is not None
    runtime = shop.chooser.runtime_called(entry.header.runtime).backend
    try:
        return runtime.load(entry.id, Path(entry.directory), None)
    except NotFound:
        raise no_container(entry.id) from None
