"""Further processes in containers that run."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cloche.errors import InvalidState, TimedOut
from cloche.events import tell
from cloche.interrupts import interruptible, shielded
from cloche.request import ask
from cloche.specification import executed_process
from cloche.streams import abandon, bind, open_streams
from cloche.waiting import drain_of, refuse_terminal, result_of, until_end

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloche.journal import Entry
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

    __slots__ = ("container", "forms", "id", "name", "process", "shop", "windows")

    def __init__(
        self,
        shop: Workshop,
        id: str,
        name: str,
        container: RuntimeContainer,
        process: Process,
        forms: frozenset[str],
        *,
        windows: bool,
    ) -> None:
        self.shop = shop
        self.id = id
        self.name = name
        self.container = container
        #: What its first process was made of.
        self.process = process
        #: The forms of stream end that its runtime takes.
        self.forms = forms
        #: It is a Windows container.
        self.windows = windows


def found_place(shop: Workshop, entry: Entry, container: RuntimeContainer) -> Place:
    """Put together what the record of a container tells of it; InvalidState if that is nothing.

    Of one without a record nothing is known: what is executed in it has to say everything itself.
    """
    header = entry.header
    process, windows = _first_of(shop, entry)
    if header is None or process is None:
        raise InvalidState(f"{entry.name} has no process", container=entry.name)
    forms = shop.chooser.runtime_called(header.runtime).forms
    return Place(shop, entry.id, entry.name, container, process, forms, windows=windows)


def _first_of(shop: Workshop, entry: Entry) -> tuple[Process | None, bool]:
    """The first process of a container, and whether it is a Windows container."""
    if entry.stray:
        from cloche.spec import Process

        return Process(cwd=""), sys.platform == "win32"
    spec = shop.records.spec(entry.id)
    return spec.process, spec.windows is not None


def ask_for(
    verb: str,
    command: Sequence[str] | Process,
    options: Mapping[str, Any],
    known: Mapping[str, Any],
) -> Asked:
    """Check the parameters of one call, and the command or the whole process."""
    if hasattr(command, "__dataclass_fields__"):
        from cloche.given_process import ask_by_process

        return ask_by_process(verb, cast("Process", command), options, known)
    return ask(verb, command, options, known)


def execute(place: Place, asked: Asked) -> tuple[RuntimeProcess, Streams]:
    """Start a further process; on an error nothing of it is left."""
    with shielded():
        return _execute(place, asked)


def _execute(place: Place, asked: Asked) -> tuple[RuntimeProcess, Streams]:
    process = _process(place, asked)
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


def _process(place: Place, asked: Asked) -> Process:
    if asked.process is None:
        return executed_process(place.process, asked, windows=place.windows)
    from cloche.documents import check_process

    check_process(asked.process, windows=place.windows)
    return asked.process


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
