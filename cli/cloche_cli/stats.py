"""``cloche stats``."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from cloche_cli.completion import running_containers
from cloche_cli.declare import Command, flag, rest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    import cloche
    from cloche import Container, Engine

__all__ = ["Stats"]

_TITLES = ("ID", "NAME", "CPU", "MEMORY", "LIMIT", "PIDS", "READ", "WRITTEN")
_SECONDS = 1.0
_CLEAR = "\033[H\033[J"


class Sample(NamedTuple):
    """What one container used at one moment (in nanoseconds of a clock that never jumps)."""

    id: str
    name: str
    moment: int
    used: cloche.Stats

    def cpu_since(self, earlier: Sample | None) -> float | None:
        """The share of a processor since then; None where the platform does not tell."""
        if earlier is None or self.used.cpu_usage is None or earlier.used.cpu_usage is None:
            return None
        return (self.used.cpu_usage - earlier.used.cpu_usage) / (self.moment - earlier.moment)


class Stats(Command):
    """Show what containers use, every second; all that run, or some."""

    verb: ClassVar[str] = "stats"
    no_stream = flag("--no-stream", help="Show it once and end.")
    json = flag("--json", help="Print a JSON array; one a line when streaming.")
    containers = rest("[CONTAINER]...", complete=running_containers)

    def __call__(self) -> int:
        """Measure and print until everything that was named has ended, or for ever."""
        with self.engine() as engine:
            before = {sample.id: sample for sample in self._first(engine)}
            while True:
                time.sleep(_SECONDS)
                now = list(_samples(_running(engine, before if self.containers else None)))
                self._print(now, before)
                if self.no_stream or (self.containers and not now):
                    return 0
                before = {sample.id: sample for sample in now}

    def _first(self, engine: Engine) -> Iterator[Sample]:
        """Measure for the first time: a container that was named and can't be is an error."""
        if not self.containers:
            return _samples(engine.list())
        return (_sample(engine.get(name)) for name in self.containers)

    def _print(self, now: Sequence[Sample], before: Mapping[str, Sample]) -> None:
        if self.json:
            from cloche_cli.output import print_json

            documents = [_document(sample, before.get(sample.id)) for sample in now]
            print_json(documents, indent=2 if self.no_stream else None)
        else:
            from cloche_cli.output import table

            clear = "" if self.no_stream or not sys.stdout.isatty() else _CLEAR
            print(clear + table(_TITLES, [_row(s, before.get(s.id)) for s in now]))
        sys.stdout.flush()


def _running(engine: Engine, wanted: Mapping[str, Sample] | None) -> list[Container[Any]]:
    return [c for c in engine.list() if wanted is None or c.id in wanted]


def _samples(containers: Sequence[Container[Any]]) -> Iterator[Sample]:
    """Measure all; those that end meanwhile are left out."""
    from cloche import InvalidState, NotFound

    for container in containers:
        try:
            yield _sample(container)
        except (InvalidState, NotFound):
            continue


def _sample(container: Container[Any]) -> Sample:
    return Sample(container.id, container.name, time.monotonic_ns(), container.stats())


def _row(sample: Sample, earlier: Sample | None) -> list[str]:
    used, cpu = sample.used, sample.cpu_since(earlier)
    return [
        sample.id[:12],
        sample.name if sample.name != sample.id else "",
        "-" if cpu is None else f"{cpu:.1%}",
        _size(used.memory_usage),
        _size(used.memory_limit),
        "-" if used.pids is None else str(used.pids),
        _size(used.io_read),
        _size(used.io_write),
    ]


def _size(count: int | None) -> str:
    from cloche_cli.words import size

    return "-" if count is None else size(count)


def _document(sample: Sample, earlier: Sample | None) -> dict[str, object]:
    from dataclasses import asdict

    cpu = sample.cpu_since(earlier)
    return {"id": sample.id, "name": sample.name, "cpu": cpu, **asdict(sample.used)}
