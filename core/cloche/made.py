"""A container that this process has made: all that belongs to it, and how it is let run."""

from __future__ import annotations

import time as clock
from typing import TYPE_CHECKING

from cloche.journal import Note, Step
from cloche.streams import bind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.choice import Opened
    from cloche.exit import ExitStatus
    from cloche.layers import LayerStore
    from cloche.record import Record
    from cloche.runtime import Runtime, RuntimeContainer, RuntimeProcess
    from cloche.spec import Spec
    from cloche.stdio import Streams

__all__ = ["Made", "let_run", "reached"]


class Made:
    """A container, and all that was made for it."""

    __slots__ = (
        "args",
        "bound",
        "container",
        "failed",
        "first",
        "given_up",
        "is_errand",
        "keep",
        "record",
        "removed",
        "runtime",
        "started",
        "store",
        "streams",
        "windows",
    )

    def __init__(
        self,
        args: tuple[str, ...],
        spec: Spec,
        record: Record,
        runtime: Opened[Runtime],
        container: RuntimeContainer,
        store: LayerStore | None,
        streams: Streams,
        *,
        keep: bool,
    ) -> None:
        self.args = args
        self.keep = keep
        assert spec.process is not None
        #: What its first process was made of: others in it are made alike.
        self.first = spec.process
        self.windows = spec.windows is not None
        self.record = record
        self.runtime = runtime
        self.container = container
        #: What its root has to be given back to; None for a root that is used as it is.
        self.store = store
        self.streams = streams
        #: The ends of its streams have been handed over, and ours of them are closed.
        self.bound = False
        #: Its start has begun.
        self.started = False
        #: How it ended, if it had no process that could tell.
        self.failed: ExitStatus | None = None
        #: Its start has failed, and its record says so.
        self.given_up = False
        #: It runs for another's removal, and has no errands of its own.
        self.is_errand = False
        #: Its removal has begun.
        self.removed = False

    @property
    def process(self) -> RuntimeProcess:
        """Its first process, which is there once it has been started."""
        assert self.container.init is not None
        return self.container.init

    def bind(self) -> None:
        """Connect its streams, after the runtime took the ends that are the container's."""
        self.bound = True
        bind(self.container.init, self.streams)


def let_run(made: Made) -> None:
    """Let a created container run; whoever calls deals with what is raised."""
    note = reached(Step.STARTING, made.container)
    made.record.note(note)
    made.started = True
    made.container.start(made.streams)
    if made.runtime.backend.binds_stdio == "start":
        made.bind()
        # Only now there is a process of which something can be told.
        made.record.note(reached(Step.STARTING, made.container, time=note.time))


def reached(
    step: Step,
    container: RuntimeContainer,
    *,
    time: float | None = None,
    stdio: Mapping[str, object] | None = None,
) -> Note:
    """Note a step, with all that finds the container again."""
    init = container.init
    return Note(
        step=step,
        time=clock.time() if time is None else time,
        info=container.info,
        pid=None if init is None else init.pid,
        stdio=stdio,
    )
