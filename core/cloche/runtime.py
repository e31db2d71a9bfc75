"""Contract: runtimes run containers.

Backends are synchronous, thread-safe and typed: every verb may be called on any thread, short-lived
ones too, and nothing of a process's life depends on the calling thread. Optional abilities are
``Capability`` flags; a method whose flag is missing raises NotSupported with the runtime's name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from cloche.capability import Capability, Isolation, Lifetime, State
from cloche.creation import BackendContext, CreateRequest, Status
from cloche.values import Value, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import ClassVar, Literal

    from cloche.exit import Exit
    from cloche.layers import RootFilesystem
    from cloche.probe import Verdict
    from cloche.spawn import spawn
    from cloche.spec import LinuxResources, Process
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


class RuntimeProcess(ABC):
    """One process in a container: its init, or one that was executed."""

    id: str
    #: Process id on the host; None where there is none to tell.
    pid: int | None
    exit: Exit
    #: Our ends of streams the runtime made; None if it made none.
    pipes: Pipes | None = None
    #: When it ended, in seconds since 1970; None until its exit is known, or where nobody noted it.
    ended: float | None = None

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

    #: The first process, from ``create`` on, with its exit; its pid is known once it runs. None
    #: where nothing was noted of one that somebody else made.
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
        After any other error the caller terminates it, unless ``state`` says that it has stopped.
        Another ``process`` than it was created with needs LATE_PROCESS. Does not wait for its end.

        With ``binds_stdio`` "start" the streams are taken here, and ``init.pipes`` are known after
        it; ``streams.wanted`` says which of them need none. They may be others than ``create`` was
        given, if another process starts the container.
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
        """Name a container that must run to its end before ``delete``; None for none.

        It is asked for each time the container is removed, and makes nothing. The engine gives the
        other one a record and a root of its own, with its own ``state``, waits for the exit of its
        ``init`` as long as ``timeout`` says (all of its life), and removes it. Its id is derived
        from this one's, so that what is left of an earlier attempt is known again.
        """
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

    def checkpoint(self, directory: str) -> None:
        """Write down what all its processes are into an empty directory (CHECKPOINT).

        The files are the runtime's own, and go with the root that there is at this moment. The
        container has ended afterwards.
        """
        raise _not_supported("checkpoint")

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
    def load(
        self, id: str, state: Path | str, info: Mapping[str, object] | None
    ) -> RuntimeContainer:
        """Find a container again, a half-made one too.

        ``info`` None: the maker died before it could note it; look into ``state``. Raises NotFound
        if nothing of it exists.
        """

    @abstractmethod
    def list(self) -> Iterable[Status]:
        """List all containers of our owner by one bulk query, keeping no handle.

        Where they outlive their makers (OUTLIVES), this is how those are found whose records were
        lost; ``load`` is asked for such without ``info``, and may only touch what is proven ours.
        What ends with its maker may be missing: its record tells of it, and ``load`` how it is.
        """

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
