"""All containers at one moment: those with a record, and those that only a service still knows."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from cloche.errors import NotFound
from cloche.finding import state_of, told
from cloche.journal import Step
from cloche.runtime import Lifetime, State
from cloche.strays import roll_call, stray

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.journal import Entry
    from cloche.runtime import Status
    from cloche.workshop import Workshop

__all__ = ["find_all", "find_running"]


def find_all(shop: Workshop) -> list[Entry]:
    """Find all containers, oldest first."""
    return _found(shop, roll_call(shop))


def find_running(shop: Workshop) -> list[Entry]:
    """Find those that run, or are paused."""
    present = roll_call(shop)
    running = (State.RUNNING, State.PAUSED)
    return [entry for entry in _found(shop, present) if _state(shop, entry, present) in running]


def _found(shop: Workshop, present: Mapping[str, Mapping[str, Status]]) -> list[Entry]:
    """Records are read after the services were asked: what is made meanwhile is no stray."""
    records, entries = shop.records, []
    ids = records.ids()
    for each in ids:
        with suppress(NotFound):
            entries.append(records.read(each))
    for runtime, statuses in present.items():
        entries += [stray(shop, each, runtime) for each in sorted(statuses.keys() - {*ids})]
    return sorted(entries, key=_age)


def _age(entry: Entry) -> float:
    return entry.header.created if entry.header else 0.0


def _state(shop: Workshop, entry: Entry, present: Mapping[str, Mapping[str, Status]]) -> State:
    """Say what it is doing, by what the services told of all at once, if they did."""
    if entry.header is None or entry.step not in (Step.CREATED, Step.STARTING):
        return state_of(shop, entry)
    statuses = present.get(entry.header.runtime, {})
    if status := statuses.get(entry.id):
        return told(shop, entry, status.state)
    # A service need not know what ends with its maker: then it has to be asked for by name.
    if entry.header.runtime in present and entry.header.lifetime == Lifetime.DETACHED:
        return State.STOPPED
    return state_of(shop, entry)
