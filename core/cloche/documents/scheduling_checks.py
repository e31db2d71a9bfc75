"""Checks of when a process runs: policies and classes that the kernel has, and possible deadlines.

The kernel says EINVAL of whatever is wrong with a deadline; what it wants is in sched(7).
"""

from __future__ import annotations

from itertools import pairwise

from .faults import among, fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import Process, Scheduler

__all__ = ["check_scheduling"]

_IO_CLASSES = ("IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE")
_POLICIES = tuple(
    f"SCHED_{name}" for name in ("OTHER", "FIFO", "RR", "BATCH", "ISO", "IDLE", "DEADLINE")
)
_SHORTEST, _LONGEST = 1024, 2**63 - 1
_CALL = "sched_setattr: `SCHED_DEADLINE`"


def check_scheduling(process: Process, path: str) -> None:
    """Raise InvalidSpec for policies, classes and deadlines that there are not."""
    if (scheduler := process.scheduler) is not None:
        among(f"{path}.scheduler.policy", scheduler.policy, _POLICIES)
        if scheduler.policy == "SCHED_DEADLINE":
            _deadline(scheduler, f"{path}.scheduler")
    if process.io_priority is not None:
        among(f"{path}.ioPriority.class", process.io_priority.class_, _IO_CLASSES)
        if not 0 <= process.io_priority.priority <= 7:
            raise fault(f"{path}.ioPriority.priority", "goes from 0 to 7")


def _deadline(scheduler: Scheduler, path: str) -> None:
    """So much time to run, until its deadline, in every period (if none is said, the deadline)."""
    times = {"runtime": scheduler.runtime, "deadline": scheduler.deadline}
    for name, time in times.items():
        if time is None:
            raise fault(f"{path}.{name}", f"{_CALL} requires `{name}`")
        if time == 0:
            raise fault(f"{path}.{name}", f"{_CALL} {name} must be greater than 0")
    if scheduler.period:
        times["period"] = scheduler.period
    ordered = [(name, time or 0) for name, time in times.items()]
    for (name, time), (later, most) in pairwise(ordered):
        if time > most:
            raise fault(f"{path}.{name}", f"{_CALL} {name} ({time}) must be <= {later} ({most})")
    for name, time in ordered:
        if not _SHORTEST <= time <= _LONGEST:
            limits = f"must be between {_SHORTEST} and {_LONGEST}"
            raise fault(f"{path}.{name}", f"{_CALL} {name} ({time}) {limits}")
