"""How many containers a second two workers make."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import bubblewrap
import oci
from contenders import Contender, Samples, started
from figures import Goal, Table, Verdict, row
from programs import TRUE
from running import embedded, spawned
from worker import Worker

if TYPE_CHECKING:
    from setting import Setting

__all__ = ["throughput"]

_WORKERS = 2
_THREADS = "cloche.run, two threads"


def throughput(setting: Setting) -> Table:
    """Containers that run ``true``, two at a time, in turns of some tenths of a second."""
    pairs = [_pair(setting, one) for one in _contenders(setting)]
    each = 2 if setting.tiny else 40
    threads = embedded(setting, _THREADS, "threads", workers=_WORKERS, each=each)
    speeds: dict[str, list[float]] = {}
    with started([one for pair in pairs for one in pair] + [threads], setting) as workers:
        crew = [worker for _, worker in workers]
        for number in range(max(2, setting.rounds // 10)):
            for place, (one, _) in enumerate(pairs):
                quick = number == 0 or setting.tiny
                times = 2 if quick else 6 if one.name in ("runc run", "crun run") else each
                pace = _pace(crew[2 * place : 2 * place + 2], times)
                speeds.setdefault(one.name, []).append(pace)
            speeds.setdefault(_THREADS, []).append(_pace(crew[-1:], 1) * _WORKERS * each)
    return _table({name: Samples(paces[1:]) for name, paces in speeds.items()})


def _contenders(setting: Setting) -> list[Contender]:
    peers = [oci.running(name, setting) for name in oci.installed()]
    return [
        replace(embedded(setting), name="cloche.run, two processes"),
        *peers,
        *([bubblewrap.running(setting)] if bubblewrap.installed() else []),
        spawned(setting, "posix_spawn"),
    ]


def _pair(setting: Setting, one: Contender) -> tuple[Contender, Contender]:
    """Two that do not stand in each other's way: containers of bundles are named."""
    if one.name in (f"{name} run" for name in oci.NAMES):
        return one, oci.running(one.name.removesuffix(" run"), setting, number=2)
    return one, one


def _pace(workers: Sequence[Worker], times: int) -> float:
    """How often a second all of them together do what they do."""
    begin = time.perf_counter()
    for each in workers:
        each.begin(TRUE, times)
    for each in workers:
        each.end()
    return len(workers) * times / (time.perf_counter() - begin)


def _table(speeds: dict[str, Samples]) -> Table:
    ours = "cloche.run, two processes"
    return Table(
        title="throughput: containers that run `true`, two at a time",
        unit="containers/s",
        rows=[row(name, samples, 1) for name, samples in speeds.items()],
        verdicts=[
            Verdict(
                name=f"{name} / runc run",
                value=speeds[name].median / speeds["runc run"].median,
                goal=Goal.AT_LEAST,
                bound=bound,
            )
            for name, bound in ((ours, 8), (_THREADS, None))
            if "runc run" in speeds
        ],
    )
