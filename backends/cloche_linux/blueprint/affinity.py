"""On which processors a further process runs, before and after it is in the container's groups."""

from __future__ import annotations

from cloche_linux.blueprint.numbers import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from cloche.spec import Process

__all__ = ["ALL_PROCESSORS", "check_affinity", "final_affinity", "initial_affinity"]

#: Wherever a process may be: of these the kernel leaves those that there are, and the group has.
#: It is the most that any kernel is built for (CONFIG_NR_CPUS).
ALL_PROCESSORS = range(8192)


def check_affinity(process: Process) -> None:
    """Raise InvalidSpec, by its JSON path, for a list that is none."""
    initial_affinity(process)
    final_affinity(process)


def initial_affinity(process: Process) -> Collection[int] | None:
    """Where it runs until it is in the container's groups; None for where its maker does."""
    wanted = process.exec_cpu_affinity
    return _listed(wanted.initial, "initial") if wanted and wanted.initial else None


def final_affinity(process: Process, *, detached: bool = False) -> Collection[int] | None:
    """Where it runs from then on; None for where its maker does.

    Said is only where it begins: then it is wherever the groups let it (runtime-spec, config.md,
    "execCPUAffinity"). So is one that is ``detached``, of which nothing is said at all: what its
    maker is bound to is no concern of its.
    """
    wanted = process.exec_cpu_affinity
    if wanted is None or not (wanted.initial or wanted.final):
        return ALL_PROCESSORS if detached else None
    return _listed(wanted.final, "final") if wanted.final else ALL_PROCESSORS


def _listed(text: str, field: str) -> frozenset[int]:
    return listed(text, "processors", len(ALL_PROCESSORS), f"process.execCPUAffinity.{field}")
