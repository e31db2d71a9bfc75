"""Contract: runtimes run containers.

Backends are synchronous, thread-safe and typed: every verb may be called on any thread, short-lived
ones too, and nothing of a process's life depends on the calling thread. Optional abilities are
``Capability`` flags; a method whose flag is missing raises NotSupported with the runtime's name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Literal

from cloche.values import Value, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from cloche.exit import Exit
    from cloche.layers import Layer, RootFilesystem
    from cloche.probe import Verdict
    from cloche.spawn import spawn
    from cloche.spec import LinuxResources, Process, Spec
    from cloche.stats import Stats
    from cloche.stdio import Pipes, Streams

__all__ = [
    "BackendContext",
    "Capability",
    "CreateRequest",
    "Isolation",
    "Lifetime",
    "Runtime",
    "RuntimeContainer",
    "RuntimeDescriptor",
    "RuntimeProcess",
    "State",
    "Status",
    "spawn",
]


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
    DETACHED = "detached"
    #: Containers outlive the process that made them.
    OUTLIVES = "outlives"
    KEEPS_EXIT = "keeps-exit"
    KEEPS_LOGS = "keeps-logs"
    #: Starts in milliseconds.
    PROMPT = "prompt"
    CHECKPOINT = "checkpoint"
    #: Files of a container can be read and written without running its programs.
    FILES = "files"


class CreateRequest(Value, kw_only=True):
    """Everything that is asked of a runtime for one container."""

    id: str
    spec: Spec
    #: The image's reference as it was asked for; None without an image.
    image: str | None = None
    #: What the root is made of, topmost first.
    layers: tuple[Layer, ...] = ()
    isolation: Isolation = Isolation.PROCESS
    needs: frozenset[Capability] = frozenset()
    lifetime: Lifetime = Lifetime.PROCESS
    #: Core's directory for this container. A backend may write files into it.
    state: Path
    #: Descriptors of the caller's that the process gets as 3, 4, ….
    preserve_fds: tuple[int, ...] = ()
    #: Run the command under a small init that reaps and forwards signals.
    init: bool = True
    #: Run nothing: only the init, until something is executed or the container is ended.
    idle: bool = False
    #: Further groups of the process by name, to be looked up in the container's own files.
    groups: tuple[str, ...] = ()
    #: Contents of files that are put into the root before anything runs, by absolute path.
    files: tuple[tuple[str, bytes], ...] = ()
    #: Names of things that may be dropped where they can't be had (``memory``, ``group_add``, …).
    unenforced: frozenset[str] = frozenset()
    #: The most bytes that changes to the root may take; None for no limit.
    size: int | None = None
    #: Seconds that ``create`` and ``start`` may take each; None for the backend's own limit.
    timeout: float | None = None


class Status(Value, kw_only=True):
    """One container as a bulk query sees it."""

    id: str
    state: State
    pid: int | None = None


class BackendContext(Value, kw_only=True):
    """What a backend object is opened with."""

    #: A durable directory of this backend's own; made on first use, by the backend.
    home: Path
    #: Marks what is ours on a machine with several users of the same service.
    owner: str
    #: The part of the name after the colon (``runc`` of ``oci:runc``).
    argument: str | None = None


class RuntimeProcess(ABC):
    """One process in a container: its init, or one that was executed."""

    id: str
    #: Process id on the host; None where there is none to tell.
    pid: int | None
    exit: Exit
    #: Our ends of streams the runtime made; None if it made none.
    pipes: Pipes | None = None

    @property
    def info(self) -> Mapping[str, object]:
        """Small JSON from which ``RuntimeContainer.open`` finds this process again."""
        return {}

    @abstractmethod
    def kill(self, signal: int) -> None:
        """Send a signal (its Linux number); does not wait.

        A process that has ended is not an error. SIGKILL always works.
        """

    def resize(self, width: int, height: int) -> None:
        """Tell the process's terminal its size in characters; without a terminal NotSupported."""
        raise _not_supported("resize")

    def close_stdin(self) -> None:
        """End the process's input, where the runtime holds it; otherwise nothing is done."""

    @abstractmethod
    def close(self) -> None:
        """Release handles; the process lives on. Never raises; repeatable."""


class RuntimeContainer(ABC):
    """One container of a runtime."""

    #: The first process; None before a process exists.
    init: RuntimeProcess | None

    @property
    @abstractmethod
    def info(self) -> Mapping[str, object]:
        """Small JSON from which ``Runtime.load`` finds this container again.

        A process is named by its pid *and* start time: pids are used again, machines reboot.
        """

    @abstractmethod
    def state(self) -> State:
        """Say what the container is doing; ``stopped`` means that its init has ended."""

    @abstractmethod
    def start(self, streams: Streams, process: Process | None = None) -> None:
        """Let the container's own process run.

        Raises CommandFailed (126, 127) if its program can't be run; the container is stopped then.
        Another ``process`` than it was created with needs LATE_PROCESS. Does not wait for its end.
        """

    def exec(self, id: str, process: Process, streams: Streams) -> RuntimeProcess:
        """Run a further process in the running container (EXEC).

        Raises CommandFailed (126, 127), InvalidState if the container is not running.
        """
        raise _not_supported("exec")

    def open(self, id: str, info: Mapping[str, object]) -> RuntimeProcess:
        """Find again a process that ``exec`` started, perhaps in an earlier manager's life."""
        raise _not_supported("open")

    def shutdown(self) -> None:
        """Ask the container to end; does not wait, and does not promise that it will."""
        self._init().kill(15)

    def terminate(self) -> None:
        """End every process of the container by force; does not wait."""
        self._init().kill(9)

    def errand(self) -> CreateRequest | None:
        """Name a container that must run to its end before ``delete``; None for none."""
        return None

    @abstractmethod
    def delete(self) -> None:
        """End what remains and take away all that the runtime made; repeatable.

        Waits until the processes are gone. Raises CleanupFailed if something is left.
        """

    @abstractmethod
    def close(self) -> None:
        """Release handles; the container lives on (unless made to live with its maker).

        Never raises; repeatable.
        """

    def pause(self) -> None:
        """Stop all processes where they are (PAUSE); returns when they stand still."""
        raise _not_supported("pause")

    def resume(self) -> None:
        """Let paused processes run on (PAUSE)."""
        raise _not_supported("resume")

    def stats(self) -> Stats:
        """Measure what the container uses (STATS)."""
        raise _not_supported("stats")

    def update(self, resources: LinuxResources) -> None:
        """Change the limits of the running container; those not named stay (UPDATE)."""
        raise _not_supported("update")

    def pids(self) -> Sequence[int]:
        """List the container's processes by their ids on the host."""
        raise _not_supported("pids")

    def root_descriptor(self) -> int:
        """Open the root directory as the container sees it (FILES); the caller closes it.

        Paths beneath it are hostile: use ``openat2`` with RESOLVE_IN_ROOT.
        """
        raise _not_supported("files")

    def _init(self) -> RuntimeProcess:
        if self.init is None:
            from cloche.errors import InvalidState

            raise InvalidState("the container has no process")
        return self.init


class Runtime(ABC):
    """Runs containers of one kind; one object serves all threads."""

    #: When streams are handed to the process: Linux and OCI runtimes at create, HCS at start.
    binds_stdio: ClassVar[Literal["create", "start"]] = "create"

    @abstractmethod
    def accepts(self, request: CreateRequest) -> Sequence[str]:
        """Check everything about ``request`` before anything is made.

        Returns the forms of root this runtime takes for it, best first. Raises InvalidSpec,
        NotSupported or Unavailable. Makes nothing.
        """

    @abstractmethod
    def create(
        self, request: CreateRequest, root: RootFilesystem, streams: Streams
    ) -> RuntimeContainer:
        """Make the container and leave it waiting for ``start``; on an error nothing is left.

        The caller has set ``request.spec.root``; the runtime doesn't close ``streams``.
        """

    @abstractmethod
    def load(self, id: str, state: Path, info: Mapping[str, object] | None) -> RuntimeContainer:
        """Find a container again, a half-made one too.

        ``info`` None: the maker died before it could note it; look into ``state``. Raises NotFound
        if nothing of it exists.
        """

    @abstractmethod
    def list(self) -> Iterable[Status]:
        """List all containers of our owner by one bulk query, keeping no handle."""

    @abstractmethod
    def close(self) -> None:
        """Release what the runtime itself holds; containers live on as their lifetime says."""


class RuntimeDescriptor(Value, kw_only=True):
    """How a plug-in offers a runtime."""

    name: str
    #: The best score that ``probe`` may give (0 to 100).
    ceiling: int
    #: The most it can ever do.
    capabilities: frozenset[Capability]
    #: The forms of root it takes.
    roots: tuple[str, ...]
    #: The forms of stream end it takes: ``fd``, ``path``, or ``pipe`` (it hands out its own).
    stdio: frozenset[Literal["fd", "path", "pipe"]]
    isolations: frozenset[Isolation] = field(default=frozenset({Isolation.PROCESS}))
    #: Tries whether it works here, with the name's argument if it had one.
    probe: Callable[[str | None], Verdict]
    open: Callable[[BackendContext], Runtime]


def _not_supported(operation: str) -> Exception:
    from cloche.errors import NotSupported

    return NotSupported(f"this runtime does not support {operation}", operation=operation)


def __getattr__(name: str) -> object:
    """Give ``spawn`` when it is asked for: most runtimes don't."""
    if name != "spawn":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from cloche.spawn import spawn

    return spawn
