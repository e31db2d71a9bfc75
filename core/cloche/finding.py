"""Find containers again: what their records tell, and what their runtimes say."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cloche.details import Details
from cloche.errors import ClocheError, NotFound
from cloche.journal import Step
from cloche.owners import is_alive
from cloche.runtime import Isolation, Lifetime, State

if TYPE_CHECKING:
    from cloche.journal import Entry
    from cloche.runtime import RuntimeContainer
    from cloche.workshop import Workshop

__all__ = ["describe", "details_of", "is_orphaned", "load", "state_of", "told"]


_UNMADE = (None, Step.PREPARING, Step.CREATING)


def load(shop: Workshop, entry: Entry) -> RuntimeContainer | None:
    """Ask the runtime for a container; None if nothing of it exists (any more).

    Raises Unavailable if its runtime is not installed, and whatever the runtime raises.
    """
    if entry.header is None:
        return None
    runtime = shop.chooser.runtime_called(entry.header.runtime).backend
    try:
        return runtime.load(entry.id, Path(entry.directory), entry.info)
    except NotFound:
        return None


def state_of(shop: Workshop, entry: Entry, held: RuntimeContainer | None = None) -> State:
    """Say what a container is doing; what is not to be learnt any more has stopped.

    ``held`` is the runtime's object for it, where somebody has it already.
    """
    if entry.problem is None and entry.step in _UNMADE and not is_orphaned(shop, entry):
        return State.CREATING
    if entry.step not in (Step.CREATED, Step.STARTING):
        return State.STOPPED
    try:
        container = held or load(shop, entry)
    except ClocheError:
        return State.STOPPED
    if container is None:
        return State.STOPPED
    try:
        return told(shop, entry, container.state())
    finally:
        if container is not held:
            container.close()


def told(shop: Workshop, entry: Entry, state: State) -> State:
    """Correct what a runtime says of a container that waits, where it can't know that.

    A start is noted before it is begun. Runtimes that bind streams at the start know better.
    """
    if entry.step is not Step.CREATED or state is not State.RUNNING or entry.header is None:
        return state
    runtime = shop.chooser.runtime_called(entry.header.runtime).backend
    return State.CREATED if runtime.binds_stdio == "create" else state


def is_orphaned(shop: Workshop, entry: Entry) -> bool:
    """Whether the process that made it lives no more; unknown makers count as dead."""
    return entry.owner is None or not is_alive(os.path.join(shop.places.run, "owners"), entry.owner)


def details_of(shop: Workshop, entry: Entry, state: State | None = None) -> Details:
    """Put together what is known."""
    state = state_of(shop, entry) if state is None else state
    header = entry.header
    if header is None:
        problem = entry.problem or (None if state is State.CREATING else "its record is empty")
        return Details(id=entry.id, name=entry.id, state=state, problem=problem)
    return Details(
        id=entry.id,
        name=entry.name,
        state=state,
        problem=entry.problem,
        args=header.args,
        image=header.image,
        image_digest=header.image_digest,
        rootfs=header.rootfs,
        labels=header.labels,
        runtime=header.runtime,
        layer_store=header.layer_store,
        isolation=Isolation(header.isolation),
        lifetime=Lifetime(header.lifetime),
        keep=header.keep,
        created=header.created or None,
        started=entry.started,
        finished=entry.finished,
        status=entry.status,
        error=entry.error,
        pid=entry.pid if state in (State.CREATED, State.RUNNING, State.PAUSED) else None,
        owner=entry.owner_pid,
    )


def describe(details: Details) -> str:
    """Say in a few words what a container is doing: ``stopped (exit 0, 3 s ago)``."""
    if details.state is not State.STOPPED:
        return details.state.value
    facts = []
    if details.error is not None:
        facts.append(f"could not be started: {details.error}")
    elif details.status is not None:
        status = details.status
        ending = status.signal or f"exit {status.code}"
        facts.append(ending if status.reason.value in ("exit", "signal") else status.reason.value)
    if details.finished is not None:
        facts.append(f"{_ago(time.time() - details.finished)} ago")
    return f"stopped ({', '.join(facts)})" if facts else "stopped"


def _ago(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"
