"""Further processes in containers that run."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloche.errors import TimedOut
from cloche.events import tell
from cloche.interrupts import interruptible, shielded
from cloche.specification import executed_process
from cloche.streams import abandon, bind, open_streams
from cloche.waiting import drain_of, refuse_terminal, result_of, until_end

if TYPE_CHECKING:
    from cloche.request import Asked
    from cloche.result import Result
    from cloche.runtime import RuntimeContainer, RuntimeProcess
    from cloche.spec import Process
    from cloche.stdio import Streams
    from cloche.workshop import Workshop

__all__ = ["Place", "end", "execute", "run"]

_SIGKILL = 9
#: Seconds that a killed process gets to be gone.
_GRACE = 10.0


class Place:
    """A running container, as far as executing something in it needs to know."""

    __slots__ = ("container", "forms", "id", "name", "process", "shop")

    def __init__(
        self,
        shop: Workshop,
        id: str,
        name: str,
        container: RuntimeContainer,
        process: Process,
        forms: frozenset[str],
    ) -> None:
        self.shop = shop
        self.id = id
        self.name = name
        self.container = container
        #: What its first process was made of.
        self.process = process
        #: The forms of stream end that its runtime takes.
        self.forms = forms


def execute(place: Place, asked: Asked) -> tuple[RuntimeProcess, Streams]:
    """Start a further process; on an error nothing of it is left."""
    with shielded():
        return _execute(place, asked)


def _execute(place: Place, asked: Asked) -> tuple[RuntimeProcess, Streams]:
    process = executed_process(place.process, asked)
    state = Path(place.shop.records.directory(place.id))
    streams = open_streams(place.shop.chooser, asked, place.id, state, place.forms)
    bound = False
    try:
        started = place.container.exec(f"exec-{os.urandom(4).hex()}", process, streams)
        bound = True
        bind(started, streams)
    except BaseException:
        abandon(streams, bound=bound)
        raise
    tell(place.shop.plugins, "exec", place.id, place.name, args=asked.args)
    return started, streams


def run(place: Place, asked: Asked) -> Result[Any]:
    """Run a further process to its end; on any error it is killed."""
    refuse_terminal(asked)
    with shielded():
        return _run(place, asked)


def _run(place: Place, asked: Asked) -> Result[Any]:
    process, streams = execute(place, asked)
    drain = drain_of(asked, streams)
    try:
        with interruptible():
            status = until_end(process, drain, asked, lambda: process.kill(_SIGKILL))
            drain.finish(1.0)
    except BaseException:
        end(process)
        raise
    finally:
        drain.close()
        streams.close()
        process.close()
    return result_of(asked, status, drain)


def end(process: RuntimeProcess) -> None:
    """Kill a process and see its end, so that nothing of it stays."""
    process.kill(_SIGKILL)
    with suppress(TimedOut):
        process.exit.wait(_GRACE)
