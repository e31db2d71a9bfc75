"""The second step of a container that was created: it is let run, once."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cloche.errors import ClocheError, CommandFailed, InvalidState, TimedOut
from cloche.events import tell
from cloche.exit import ExitStatus, Reason
from cloche.finding import describe, details_of, load
from cloche.journal import Note, Step
from cloche.machine import refused
from cloche.made import Made, let_run
from cloche.runtime import State

if TYPE_CHECKING:
    from cloche.choice import Opened
    from cloche.journal import Entry
    from cloche.runtime import Runtime, RuntimeContainer
    from cloche.stdio import Streams
    from cloche.workshop import Workshop

__all__ = ["start"]

#: Seconds that what could not be started gets to be gone.
_GRACE = 5.0


def start(shop: Workshop, id: str, made: Made | None) -> Made:
    """Let a created container run; if that fails it has stopped, and its record says why.

    ``made`` None: another process has created it. Under the lock of its record: nobody else starts
    or removes it meanwhile.
    """
    lock = shop.records.lock(id)
    assert lock is not None
    try:
        started = _started(shop, id, made)
    except OSError as error:
        raise refused(error, "start", operation="start", container=id) from error
    finally:
        os.close(lock)
    tell(shop.plugins, "start", id, started.record.name)
    return started


def _started(shop: Workshop, id: str, made: Made | None) -> Made:
    if made is None:
        entry = shop.records.read(id)
        _check(shop, entry)
        return _start_found(shop, entry)
    if made.started or made.container.state() is not State.CREATED:
        _check(shop, shop.records.read(id))
    try:
        _start(made)
    finally:
        made.record.close()
    return made


def _check(shop: Workshop, entry: Entry) -> None:
    if entry.step is not Step.CREATED or entry.problem is not None:
        raise InvalidState(
            f"{entry.name} is {describe(details_of(shop, entry))}: start needs a created container",
            operation="start",
            container=entry.name,
        )


def _start_found(shop: Workshop, entry: Entry) -> Made:
    """Start what another process has created, with streams that are opened anew."""
    assert entry.header is not None
    runtime = shop.chooser.runtime_called(entry.header.runtime)
    container = load(shop, entry)
    if container is None:
        raise InvalidState(f"{entry.name} is stopped", operation="start", container=entry.name)
    try:
        streams = _streams(shop, entry, runtime)
    except BaseException:
        container.close()
        raise
    made = _made(shop, entry, runtime, container, streams)
    try:
        _start(made)
    except BaseException:
        streams.close()
        container.close()
        raise
    finally:
        made.record.close()
    return made


def _streams(shop: Workshop, entry: Entry, runtime: Opened[Runtime]) -> Streams:
    from cloche.lasting import Bound, recalled
    from cloche.streams import open_streams

    if runtime.backend.binds_stdio == "create":
        return Bound()
    state = Path(entry.directory)
    return open_streams(shop.chooser, recalled(entry), entry.id, state, runtime.forms)


def _made(
    shop: Workshop,
    entry: Entry,
    runtime: Opened[Runtime],
    container: RuntimeContainer,
    streams: Streams,
) -> Made:
    header = entry.header
    assert header is not None
    name = header.layer_store
    made = Made(
        header.args,
        shop.records.spec(entry.id),
        shop.records.open(entry),
        runtime,
        container,
        None if name is None else shop.chooser.store_called(name).backend,
        streams,
        keep=header.keep,
    )
    made.bound = runtime.backend.binds_stdio == "create"
    return made


def _start(made: Made) -> None:
    try:
        let_run(made)
    except BaseException as error:
        if made.started:  # else not even that could be noted, and it waits as before
            _give_up(made, error)
        raise


def _give_up(made: Made, error: BaseException) -> None:
    """Force what did not start to end, and let its record say why; the first error is told."""
    try:
        if not made.bound:
            made.bound = True
            made.streams.release_ends()
        if made.container.state() is not State.STOPPED:
            made.container.terminate()
        made.failed = _ending(made, error)
        made.record.note(Note.ended(made.failed, str(error) or type(error).__name__))
        made.given_up = True
    except (ClocheError, OSError) as problem:
        error.add_note(f"and then, ending it: {type(problem).__name__}: {problem}")


def _ending(made: Made, error: BaseException) -> ExitStatus:
    """How a container ended that could not be started: by the runtime, if that knows."""
    if (init := made.container.init) is not None:
        with suppress(TimedOut):
            return init.exit.wait(_GRACE)
    if isinstance(error, CommandFailed):
        return ExitStatus(error.exit_code, None, Reason.EXIT)
    return ExitStatus.lost()
