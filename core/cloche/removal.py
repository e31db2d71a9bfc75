"""Take containers away: everything of them, in order, as far as it goes."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING

from cloche.errors import CleanupFailed, ClocheError, InvalidState, NotFound
from cloche.events import tell
from cloche.finding import describe, details_of, load, state_of
from cloche.owners import is_alive
from cloche.runtime import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.details import Details
    from cloche.journal import Entry
    from cloche.made import Made
    from cloche.records import Records
    from cloche.runtime import RuntimeContainer
    from cloche.stdio import Streams
    from cloche.workshop import Workshop

__all__ = [
    "Attempts",
    "left_behind",
    "prune",
    "refuse_running",
    "remove",
    "remove_found",
    "remove_made",
    "run_errand_of",
]

#: Seconds that output gets to arrive after everything of the container has ended.
DRAIN = 1.0


class Attempts:
    """Steps of which each is tried, whatever became of those before.

    An interruption (Ctrl-C) cuts short the step that it meets and no other; it goes on at the end.
    """

    __slots__ = ("interruption", "problems")

    def __init__(self) -> None:
        self.problems: list[Exception] = []
        self.interruption: BaseException | None = None

    @property
    def clean(self) -> bool:
        """Whether every step was done."""
        return not self.problems and self.interruption is None

    def try_to(self, step: Callable[[], object]) -> None:
        """Do it, and keep what it raises."""
        try:
            step()
        except Exception as problem:  # noqa: BLE001 - told together at the end
            self.problems.append(problem)
        except BaseException as interruption:  # noqa: BLE001 - raised again by ``tell``
            self.interruption = interruption

    def tell(self, name: str) -> None:
        """Raise what went wrong: CleanupFailed with all of it, or what interrupted."""
        if self.interruption is not None:
            raise self.interruption
        if self.problems:
            reasons = "; ".join(str(problem) or type(problem).__name__ for problem in self.problems)
            raise CleanupFailed(
                f"{name} could not be removed completely: {reasons}",
                problems=self.problems,
                operation="remove",
                container=name,
            ) from self.problems[0]


def remove_made(shop: Workshop, made: Made, drain: Callable[[], object]) -> None:
    """Remove a container of this process, whatever it is doing.

    ``drain`` reads what is left of its output, once nothing can write any more. Raises NotFound if
    somebody else has removed it, CleanupFailed for what could not be taken away; the record stays
    then.
    """
    record, container = made.record, made.container
    made.removed = True
    attempts = Attempts()
    try:
        lock = shop.records.lock(record.id)
    except NotFound:
        _end(made, drain, attempts)
        raise
    assert lock is not None
    try:
        record.removing()
        if not made.is_errand:
            read = partial(shop.records.read, record.id)
            attempts.try_to(lambda: run_errand_of(shop, container, read))
        _end(made, drain, attempts)
        if attempts.clean:
            attempts.try_to(lambda: shop.records.remove(record.id, record.name, lock))
    finally:
        record.close()
        os.close(lock)
    attempts.tell(record.name or record.id)
    tell(shop.plugins, "remove", record.id, record.name)


def _end(made: Made, drain: Callable[[], object], attempts: Attempts) -> None:
    """Take away everything but the record, which may be gone already."""
    attempts.try_to(made.container.delete)
    attempts.try_to(drain)
    attempts.try_to(lambda: _drain(made.streams))
    made.streams.close()
    made.container.close()
    if (store := made.store) is not None:
        attempts.try_to(lambda: store.release(made.record.id))
    made.record.close()


def _drain(streams: Streams) -> None:
    arriving = streams.drained()
    if arriving is not None:
        with suppress(TimeoutError):
            arriving.result(DRAIN)


def run_errand_of(shop: Workshop, container: RuntimeContainer, entry: Callable[[], Entry]) -> None:
    """Let the container run that must run before another is deleted, if there is one."""
    errand = container.errand()
    if errand is not None:
        from cloche.errands import run_errand

        run_errand(shop, entry(), errand)


def remove_found(
    shop: Workshop, entry: Entry, held: RuntimeContainer | None, *, force: bool
) -> None:
    """Remove a container that another process has made; ``held`` if it was asked for already."""
    if entry.stray:
        from cloche.strays import remove_stray

        remove_stray(shop, entry, held, force=force)
    else:
        remove(shop, entry.id, force=force, held=held)


def remove(
    shop: Workshop,
    id: str,
    *,
    force: bool,
    wait: bool = True,
    held: RuntimeContainer | None = None,
) -> bool:
    """Remove a container by its record, whoever made it; False if it is being removed just now.

    ``held`` is the runtime's object for it, if there is one; it is closed. Raises InvalidState if
    it is running, unless ``force``; NotFound; CleanupFailed, after which the record stays and
    another attempt can be made.
    """
    lock = shop.records.lock(id, wait=wait)
    if lock is None:
        return False
    try:
        entry = shop.records.read(id)
        if not force:
            refuse_running(entry.name, details_of(shop, entry, state_of(shop, entry, held)))
        _take_apart(shop, entry, lock, held)
    finally:
        os.close(lock)
    return True


def refuse_running(name: str, details: Details) -> None:
    """Raise InvalidState for a container that runs, or is being made."""
    if details.state not in (State.STOPPED, State.CREATED):
        raise InvalidState(
            f"{name} is {describe(details)}: it can't be removed",
            hint=f"cloche stop {name}, or rm -f",
            operation="remove",
            container=name,
        )


def _take_apart(
    shop: Workshop, entry: Entry, lock: int, held: RuntimeContainer | None = None
) -> None:
    attempts = Attempts()
    if entry.problem is None and entry.step is not None:
        record = shop.records.open(entry)
        record.removing()
        record.close()
    for container in [held] if held else _containers(shop, entry, attempts):
        if entry.header is not None and entry.header.errand_of is None:
            attempts.try_to(partial(run_errand_of, shop, container, lambda: entry))
        attempts.try_to(container.delete)
        container.close()
    _release(shop, entry, attempts)
    if attempts.clean:
        name = entry.header.name if entry.header else None
        if entry.header is None:
            shop.records.forget_names(entry.id)
        attempts.try_to(lambda: shop.records.remove(entry.id, name, lock))
    attempts.tell(entry.name)
    tell(shop.plugins, "remove", entry.id, entry.name)


def _containers(shop: Workshop, entry: Entry, attempts: Attempts) -> list[RuntimeContainer]:
    """The container at its runtime; if nobody knows which that is, at any that has it."""
    found: list[RuntimeContainer | None] = []
    if entry.header is not None:
        attempts.try_to(lambda: found.append(load(shop, entry)))
    else:
        from pathlib import Path

        for runtime in shop.chooser.runtimes_here():
            with suppress(ClocheError):
                found.append(runtime.backend.load(entry.id, Path(entry.directory), None))
    return [container for container in found if container is not None]


def _release(shop: Workshop, entry: Entry, attempts: Attempts) -> None:
    if entry.header is not None and entry.header.layer_store is not None:
        name = entry.header.layer_store
        attempts.try_to(lambda: shop.chooser.store_called(name).backend.release(entry.id))
    elif entry.header is None:
        for store in shop.chooser.stores_here():
            attempts.try_to(lambda s=store: s.backend.release(entry.id))  # type: ignore[misc]


def left_behind(records: Records, run: str) -> list[Entry]:
    """Look for containers of processes that live no more, and are not kept.

    Containers that are kept stay, and so do damaged records: somebody has to look at those. Those
    that may live on are among them, and for ``prune`` to ask after.
    """
    alive = cache(lambda owner: is_alive(os.path.join(run, "owners"), owner))
    found = []
    for each in records.ids():
        owner = records.owner(each)
        if owner is None:
            records.remove_if_empty(each)
        elif not alive(owner):
            with suppress(NotFound):
                entry = records.read(each)
                if entry.problem is None and not entry.survives_owner:
                    found.append(entry)
    return found


def prune(shop: Workshop) -> list[str]:
    """Remove what was left behind; the ids of what was removed.

    What can't be removed now stays for the next time; what somebody else removes just now is left
    to them. What is not kept and lives on goes when it has ended.
    """
    removed = []
    for entry in left_behind(shop.records, shop.places.run):
        with suppress(ClocheError):
            if not _lives_on(shop, entry) and remove(shop, entry.id, force=True, wait=False):
                removed.append(entry.id)
    return removed


def _lives_on(shop: Workshop, entry: Entry) -> bool:
    """Whether it runs, or waits; unknown where its runtime can't be asked, which ends nothing."""
    if not entry.may_live_on:
        return False
    container = load(shop, entry)
    if container is None:
        return False
    try:
        return container.state() is not State.STOPPED
    finally:
        container.close()
