"""Who takes part, and the races between them: in turns, so that noise hits all alike."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles

from probe import check_probe, differences, parse
from programs import PROBE, TRUE
from setting import Setting
from worker import Worker, worker

__all__ = ["Contender", "Samples", "check_parity", "race", "started"]

#: Seconds before each turn, in which the kernel takes apart what the turn before has left to it:
#: network namespaces and cgroups vanish in the background, and hold locks meanwhile.
_SETTLE = 0.03


@dataclass(frozen=True, kw_only=True)
class Contender:
    """Something to be timed: the set-up of a worker, under a name."""

    name: str
    setup: str
    params: Mapping[str, object] = field(default_factory=dict)
    #: A command that executes the worker, for one that needs surroundings of its own.
    prefix: Sequence[str] = ()
    #: It takes part in every so manieth round only: for the slow.
    every: int = 1
    #: It runs containers, which must be confined like all others.
    confined: bool = True
    #: What it cannot do as the others do, in the words of ``probe.differences``.
    unlike: Set[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Samples:
    """All figures of one kind of one contender."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """What a tenth of the values is below, and what a tenth is above."""
        if len(self.values) < 2:
            return self.values[0], self.values[0]
        tenths = quantiles(self.values, n=10, method="inclusive")
        return tenths[0], tenths[-1]


@contextmanager
def started(
    contenders: Sequence[Contender], setting: Setting
) -> Iterator[list[tuple[Contender, Worker]]]:
    """Start a worker for each, hold that all are confined alike, and end them in the end."""
    with ExitStack() as stack:
        workers = [
            (one, stack.enter_context(worker(one.setup, dict(one.params), one.prefix)))
            for one in contenders
        ]
        check_parity(workers, setting)
        yield workers


def check_parity(workers: Sequence[tuple[Contender, Worker]], setting: Setting) -> None:
    """Run the probe through each, exactly as the timed program is run, and compare."""
    probed = [
        (one, parse(it.output(PROBE), setting.readonly)) for one, it in workers if one.confined
    ]
    for one, confinement in probed:
        check_probe(confinement, setting.machine)
        different = differences(probed[0][1], confinement)
        assert different == one.unlike, f"{one.name} differs by {different}: {confinement}"


def race(
    contenders: Sequence[Contender], setting: Setting, program: str = TRUE
) -> dict[str, dict[str, Samples]]:
    """Time all in turns, the order turning too; figures by contender and kind."""
    with started(contenders, setting) as workers:
        for one, it in workers:
            it.measure(program, 1 if one.every > 1 else 3)
        found: dict[str, list[dict[str, float]]] = {one.name: [] for one in contenders}
        for number in range(setting.rounds):
            turn = number % len(workers)
            for one, it in (*workers[turn:], *workers[:turn]):
                if number % one.every == 0:
                    time.sleep(_SETTLE)
                    found[one.name] += it.measure(program)
            _show_progress(number, setting.rounds)
    return {name: _by_kind(figures) for name, figures in found.items()}


def _by_kind(figures: Sequence[Mapping[str, float]]) -> dict[str, Samples]:
    return {kind: Samples([each[kind] for each in figures]) for kind in figures[0]}


def _show_progress(number: int, rounds: int) -> None:
    if sys.stderr.isatty():
        end = "\r" if number + 1 < rounds else "\r\x1b[K"
        print(f"  {number + 1}/{rounds}", end=end, file=sys.stderr, flush=True)
