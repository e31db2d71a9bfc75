"""A process as the runtime-spec describes it: of the container itself, or of an exec."""

from __future__ import annotations

from .document import Document
from .integers import Int32, Int64, UInt32, UInt64

__all__ = [
    "Box",
    "CPUAffinity",
    "LinuxCapabilities",
    "LinuxIOPriority",
    "POSIXRlimit",
    "Process",
    "Scheduler",
    "User",
]


class Box(Document):
    """The size of a terminal, in characters."""

    height: UInt32
    width: UInt32


class User(Document):
    """Whose rights a process has: numbers on Unix, a name on Windows."""

    uid: UInt32 = 0
    gid: UInt32 = 0
    umask: UInt32 | None = None
    additional_gids: tuple[UInt32, ...] | None = None
    username: str | None = None


class LinuxCapabilities(Document):
    """The five capability sets, each of names such as ``CAP_KILL``; an absent set is empty."""

    bounding: tuple[str, ...] | None = None
    effective: tuple[str, ...] | None = None
    inheritable: tuple[str, ...] | None = None
    permitted: tuple[str, ...] | None = None
    ambient: tuple[str, ...] | None = None


class POSIXRlimit(Document):
    """A limit such as ``RLIMIT_NOFILE``; the largest 64-bit number means none."""

    type: str
    hard: UInt64
    soft: UInt64


class Scheduler(Document):
    """Arguments of sched_setattr; runtime, deadline and period are nanoseconds."""

    policy: str
    nice: Int32 | None = None
    priority: Int32 | None = None
    flags: tuple[str, ...] | None = None
    runtime: UInt64 | None = None
    deadline: UInt64 | None = None
    period: UInt64 | None = None


class LinuxIOPriority(Document, names={"class_": "class"}):
    """An I/O class such as ``IOPRIO_CLASS_BE`` and a priority in it, 0 the highest."""

    class_: str
    priority: Int64 = 0


class CPUAffinity(Document):
    """The processors of an exec, before and after it enters the container's cgroup."""

    initial: str | None = None
    final: str | None = None


class Process(Document, names={"exec_cpu_affinity": "execCPUAffinity"}):
    """What is run, as whom, and with which rights."""

    terminal: bool | None = None
    console_size: Box | None = None
    user: User = User()
    args: tuple[str, ...] | None = None
    command_line: str | None = None
    env: tuple[str, ...] | None = None
    cwd: str
    capabilities: LinuxCapabilities | None = None
    rlimits: tuple[POSIXRlimit, ...] | None = None
    no_new_privileges: bool | None = None
    apparmor_profile: str | None = None
    oom_score_adj: Int64 | None = None
    scheduler: Scheduler | None = None
    selinux_label: str | None = None
    io_priority: LinuxIOPriority | None = None
    exec_cpu_affinity: CPUAffinity | None = None
