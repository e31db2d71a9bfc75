"""The steps that say when a process runs, how its reads and writes are ranked, and as what."""

from __future__ import annotations

from cloche.errors import InvalidSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import LinuxPersonality, Process, Scheduler
    from cloche_linux.plan import Plan

__all__ = ["add_scheduling"]

# linux/sched.h
_POLICIES = {
    "SCHED_OTHER": 0,
    "SCHED_FIFO": 1,
    "SCHED_RR": 2,
    "SCHED_BATCH": 3,
    "SCHED_IDLE": 5,
    "SCHED_DEADLINE": 6,
}
_FLAGS = {
    "SCHED_FLAG_RESET_ON_FORK": 0x01,
    "SCHED_FLAG_RECLAIM": 0x02,
    "SCHED_FLAG_DL_OVERRUN": 0x04,
    "SCHED_FLAG_KEEP_POLICY": 0x08,
    "SCHED_FLAG_KEEP_PARAMS": 0x10,
    "SCHED_FLAG_UTIL_CLAMP_MIN": 0x20,
    "SCHED_FLAG_UTIL_CLAMP_MAX": 0x40,
}
# linux/ioprio.h
_IO_CLASSES = {"IOPRIO_CLASS_RT": 1, "IOPRIO_CLASS_BE": 2, "IOPRIO_CLASS_IDLE": 3}
_IO_CLASS_SHIFT = 13
# linux/personality.h
_DOMAINS = {"LINUX": 0x0000, "LINUX32": 0x0008}


def add_scheduling(plan: Plan, process: Process, personality: LinuxPersonality | None) -> None:
    """Add scheduler, I/O priority and execution domain; raises InvalidSpec for unknown words."""
    if process.scheduler is not None:
        _schedule(plan, process.scheduler)
    if (io := process.io_priority) is not None:
        class_ = _number(_IO_CLASSES, io.class_, "process.ioPriority.class")
        plan.io_priority(class_ << _IO_CLASS_SHIFT | io.priority)
    if personality is not None:
        if personality.flags:
            raise InvalidSpec("no flags of personalities are known", path="linux.personality.flags")
        plan.personality(_number(_DOMAINS, personality.domain, "linux.personality.domain"))


def _schedule(plan: Plan, wanted: Scheduler) -> None:
    flags = 0
    for position, flag in enumerate(wanted.flags or ()):
        flags |= _number(_FLAGS, flag, f"process.scheduler.flags[{position}]")
    plan.scheduler(
        _number(_POLICIES, wanted.policy, "process.scheduler.policy"),
        flags=flags,
        nice=wanted.nice or 0,
        priority=wanted.priority or 0,
        runtime=wanted.runtime or 0,
        deadline=wanted.deadline or 0,
        period=wanted.period or 0,
    )


def _number(known: dict[str, int], word: str, path: str) -> int:
    if word not in known:
        raise InvalidSpec(f"{path}: {word!r} is none of {', '.join(known)}", path=path)
    return known[word]
