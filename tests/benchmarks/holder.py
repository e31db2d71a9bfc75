"""The set-up of a worker that holds many idle containers, and says what they cost it."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from worker import Once

import cloche

__all__ = ["holder"]

_PRIVATE = ("Private_Clean", "Private_Dirty")
_KERNEL = ("Slab", "Percpu", "KernelStack", "PageTables")


@contextmanager
def holder(
    programs: Mapping[str, Sequence[str]], options: cloche.StartOptions, count: int
) -> Iterator[Once]:
    """Start so many; programs run in the last. Figures are for each container, in KB."""
    with ExitStack() as stack:
        first = stack.enter_context(cloche.start(idle=True, **options))
        first.run(programs["true"])
        before = _usage()
        held = [stack.enter_context(cloche.start(idle=True, **options)) for _ in range(count)]
        after = _usage()
        inits = [_kilobytes(f"/proc/{one.pid}/smaps_rollup", _PRIVATE) for one in held]
        figures = {name: (after[name] - before[name]) / count for name in before}

        def once(program: str, stdout: int | None) -> dict[str, float]:
            held[-1].run(programs[program], stdout=stdout)
            return figures | {"init": sum(inits) / count}

        yield once


def _usage() -> dict[str, float]:
    """What this process and the kernel have in use."""
    gc.collect()
    return {
        "private": _kilobytes("/proc/self/smaps_rollup", _PRIVATE),
        "kernel": _kilobytes("/proc/meminfo", _KERNEL),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
        "python threads": threading.active_count(),
    }


def _kilobytes(file: str, names: Sequence[str]) -> float:
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    values = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    return sum(float(values[name].split()[0]) for name in names)
