"""How fast a container's output arrives, compared with that of any program."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import oci
from contenders import Contender, Samples, race
from figures import Goal, Table, Verdict, row
from programs import FLOOD
from running import embedded, spawned

if TYPE_CHECKING:
    from setting import Setting

__all__ = ["output"]


def output(setting: Setting) -> Table:
    """1 GiB of zeros through a pipe that is the program's own stdout."""
    plain = spawned(setting, "plain pipe", FLOOD)
    peers = [oci.running(name, setting, programs=(FLOOD,)) for name in oci.installed()]
    ours = embedded(setting)
    few = replace(setting, rounds=max(2, setting.rounds // 10))
    times = race([_drained(one) for one in (ours, plain, *peers)], few, FLOOD)
    size = float(setting.programs[FLOOD][3].removeprefix("count="))
    speeds = {
        name: Samples([size / seconds for seconds in kinds["total"].values])
        for name, kinds in times.items()
    }
    return Table(
        title=f"output: {size:.0f} MiB of stdout to a descriptor",
        unit="MiB/s",
        rows=[row(name, samples, 1) for name, samples in speeds.items()],
        verdicts=[
            Verdict(
                name=f"{ours.name} / {plain.name}",
                value=speeds[ours.name].median / speeds[plain.name].median,
                goal=Goal.AT_LEAST,
                bound=0.9,
            )
        ],
        notes=[
            "what it takes to make the container is part of the time, and not of the plain pipe's"
        ],
    )


def _drained(one: Contender) -> Contender:
    params = {"setup": one.setup, "params": dict(one.params)}
    return replace(one, setup="draining:drained", params=params)
