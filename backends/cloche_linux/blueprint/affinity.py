"""On which processors a further process runs, before and after it is in the container's groups."""

from __future__ import annotations

from cloche_linux.blueprint.numbers import listed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import Process

__all__ = ["check_affinity", "final_affinity", "initial_affinity"]

# The most that any kernel is built for (CONFIG_NR_CPUS).
_PROCESSORS = range(8192)


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
    return listed(text, "processors", len(_PROCESSORS), f"process.execCPUAffinity.{field}")
