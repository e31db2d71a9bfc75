"""On which processors a further process runs, before and after it is in the container's groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche.spec import Process

__all__ = ["check_affinity", "final_affinity", "initial_affinity"]

# The most that any kernel is built for (CONFIG_NR_CPUS).
_PROCESSORS = range(8192)
_RANGES = re.compile(r"[0-9]{1,9}(-[0-9]{1,9})?(,[0-9]{1,9}(-[0-9]{1,9})?)*")


def check_affinity(process: Process) -> None:
    """Raise InvalidSpec, by its JSON path, for a list that is none."""
    initial_affinity(process)
    final_affinity(process)


def initial_affinity(process: Process) -> frozenset[int] | None:
    """Where it runs until it is in the container's groups; None for where its maker does."""
    wanted = process.exec_cpu_affinity
    return _listed(wanted.initial, "initial") if wanted and wanted.initial else None


def final_affinity(process: Process) -> frozenset[int] | None:
    """Where it runs from then on; None if nothing is said at all.

    Said is only where it begins: then it is wherever the groups let it (runtime-spec, config.md,
    "execCPUAffinity"), and the kernel leaves of all processors those of the group.
    """
    wanted = process.exec_cpu_affinity
    if wanted is None or not (wanted.initial or wanted.final):
        return None
    return _listed(wanted.final, "final") if wanted.final else frozenset(_PROCESSORS)


def _listed(text: str, field: str) -> frozenset[int]:
    path = f"process.execCPUAffinity.{field}"
    if not _RANGES.fullmatch(text):
        raise InvalidSpec(f"{path}: {text!r} is not a list of processors", path=path, hint="0-2,4")
    found = set[int]()
    for first, last in _ranges(text):
        if not first <= last < len(_PROCESSORS):
            raise InvalidSpec(f"{path}: no processors are {first}-{last}", path=path, hint="0-2,4")
        found.update(range(first, last + 1))
    return frozenset(found)


def _ranges(text: str) -> Iterator[tuple[int, int]]:
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield int(first), int(last or first)
