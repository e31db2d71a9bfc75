"""How long one short container takes, made and gone, from a process that embeds Cloche."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import bubblewrap
import oci
from contenders import Contender, Samples, race
from figures import Row, Table, row, verdict
from programs import TRUE

if TYPE_CHECKING:
    from setting import Setting

__all__ = ["embedded", "exec_", "heap", "host", "phases", "run", "spawned"]

_IN_MEMORY = "cloche.run, storage_size"
_OVERLAY = "peers run in the plain directory, Cloche in an overlay over it: this favours them"


def embedded(
    setting: Setting, name: str = "cloche.run", setup: str = "run", **params: object
) -> Contender:
    """``cloche.run`` over the busybox directory, or another set-up of ``embedded.py``."""
    return Contender(
        name=name,
        setup=f"embedded:{setup}",
        params={"programs": setting.programs, "options": setting.options} | params,
    )


def spawned(setting: Setting, name: str, program: str = TRUE) -> Contender:
    """The same program without a container: the least that is possible."""
    command = [str(setting.place.rootfs / "bin/busybox"), *setting.programs[program]]
    params = {"commands": {program: command}, "environment": oci.ENVIRONMENT}
    return Contender(name=name, setup="spawned:spawned", params=params, confined=False)


def run(setting: Setting) -> Table:
    """``true`` in a container: overlay root, all namespaces, a network one too."""
    peers = [oci.running(name, setting) for name in oci.installed()]
    peers += [bubblewrap.running(setting)] if bubblewrap.installed() else []
    memory = setting.options | {"storage_size": "64M"}
    ours = [embedded(setting), embedded(setting, _IN_MEMORY, options=memory)]
    times = race([*ours, *peers, spawned(setting, "posix_spawn")], setting)
    return Table(
        title="run: `true` in a container, from a process that embeds Cloche",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=[
            *verdict(times, "cloche.run", "runc run", 0.15),
            *verdict(times, _IN_MEMORY, "runc run"),
            *verdict(times, "cloche.run", "crun run"),
            *verdict(times, "cloche.run", "bwrap"),
        ],
        notes=[
            _OVERLAY,
            "with storage_size changes lie in memory",
            "bwrap leaves the bounding set of capabilities whole",
        ],
    )


def _spawn(setting: Setting) -> Contender:
    """The same program without a container: the least that is possible."""
    busybox = str(setting.place.rootfs / "bin/busybox")
    params = {"commands": {"true": [busybox, "true"]}, "environment": oci.ENVIRONMENT}
    return Contender(name="posix_spawn", setup="spawned:spawned", params=params, confined=False)


def heap(setting: Setting) -> Table:
    """The same from a process with much memory: nothing of it may be copied."""
    size = 8 if setting.tiny else 500
    small, large = "cloche.run", f"cloche.run, {size} MB heap"
    times = race([embedded(setting), embedded(setting, large, heap=size)], setting)
    return Table(
        title="heap: `true` in a container, from a process with a large heap",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=verdict(times, large, small, 1.3),
    )


def exec_(setting: Setting) -> Table:
    """``true`` in a container that runs already."""
    ours = embedded(setting, "Container.run", "executed")
    peers = [oci.executing(name, setting) for name in oci.installed()]
    times = race([ours, *peers], setting)
    return Table(
        title="exec: `true` in a container that is there already",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=[
            *verdict(times, ours.name, "runc exec", 0.15),
            *verdict(times, ours.name, "crun exec"),
        ],
    )


def host(setting: Setting) -> Table:
    """``true`` of this machine, over this machine's root."""
    ours = embedded(setting, "cloche.run over the host", options={})
    peers = [oci.running(name, setting) for name in oci.installed()]
    times = race([ours, *peers], setting)
    return Table(
        title="host: `true` of this machine in a container over this machine's root",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=verdict(times, ours.name, "runc run", 0.35),
        notes=["peers run busybox in a plain directory and mount nothing of the host"],
    )


def phases(setting: Setting) -> Table:
    """A container step by step."""
    times = race([embedded(setting, setup="phases")], setting)
    return Table(
        title="phases: the steps of a container that runs `true`",
        unit="ms",
        rows=list(_phases(times)),
    )


def _phases(times: Mapping[str, Mapping[str, Samples]]) -> Iterator[Row]:
    for kinds in times.values():
        yield from (row(kind, samples) for kind, samples in kinds.items())
