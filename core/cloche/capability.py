"""What containers can be and what runtimes can do, by the words of the contracts."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Capability", "Isolation", "Lifetime", "State"]


class State(StrEnum):
    """What a container is doing (OCI runtime-spec, and ``paused``)."""

    CREATING = "creating"
    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class Isolation(StrEnum):
    """What separates a container from its host: the kernel's namespaces, or a virtual machine."""

    PROCESS = "process"
    VM = "vm"


class Lifetime(StrEnum):
    """How long a container lives: as long as the process that made it, or on its own."""

    PROCESS = "process"
    DETACHED = "detached"


class Capability(StrEnum):
    """Something that not every runtime can do."""

    EXEC = "exec"
    TERMINAL = "terminal"
    SIGNALS = "signals"
    PAUSE = "pause"
    STATS = "stats"
    UPDATE = "update"
    LIMITS = "limits"
    BIND_MOUNTS = "bind-mounts"
    HOOKS = "hooks"
    ISOLATE_PROCESS = "isolate-process"
    ISOLATE_VM = "isolate-vm"
    #: ``create`` sets everything up and waits, before anything of the container's own has run.
    WAITING_CREATE = "waiting-create"
    #: ``start`` may be given another process than ``create`` was (warm pools).
    LATE_PROCESS = "late-process"
    #: A container whose init waits and runs nothing until something is executed in it.
    IDLE = "idle"
    LOAD = "load"
    #: A container may be made so that it lives on when its maker has ended, and is found again by
    #: whoever has its directory of state.
    DETACHED = "detached"
    #: Containers outlive the process that made them, and the runtime can list them.
    OUTLIVES = "outlives"
    KEEPS_EXIT = "keeps-exit"
    KEEPS_LOGS = "keeps-logs"
    #: Starts in milliseconds.
    PROMPT = "prompt"
    CHECKPOINT = "checkpoint"
    #: Files of a container can be read and written without running its programs.
    FILES = "files"
