"""Contract: stdio drivers connect a container's standard streams with the world."""

from __future__ import annotations

from abc import ABC, abstractmethod

from cloche.named import NamedTuple
from cloche.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from pathlib import Path
    from typing import Literal, TypeAlias

    from cloche.probe import Verdict
    from cloche.relay import Relay
    from cloche.runtime import BackendContext

__all__ = [
    "End",
    "Pipes",
    "Size",
    "StdioDescriptor",
    "StdioDriver",
    "StdioRequest",
    "StreamTarget",
    "Streams",
]

#: The container's end of one stream: a descriptor, a path (of a FIFO, file or named pipe), or
#: nothing, in which case the runtime makes one and hands it back in ``Pipes``.
End: TypeAlias = int | str | None


class Size(NamedTuple):
    """The size of a terminal, in characters."""

    width: int
    height: int


class Pipes(NamedTuple):
    """Our ends of streams that a runtime made; whoever takes them closes them.

    Descriptors on Unix, HANDLEs on Windows. With ``terminal`` stdin and stdout are the same
    terminal (two descriptors), and stderr is None.
    """

    stdin: int | None
    stdout: int | None
    stderr: int | None
    terminal: bool = False


class StreamTarget(Value, kw_only=True):
    """Where one stream goes."""

    #: Name of the driver: ``inherit``, ``null``, ``pipe``, ``file``, ``pty``, or a third party's.
    driver: str
    #: What that driver needs: a descriptor for ``inherit``, a path for ``file``; None for neither.
    argument: int | str | None = None
    #: Write after what is there (``file``) instead of replacing it.
    append: bool = False


class StdioRequest(Value, kw_only=True):
    """The streams that one driver is asked to open; None for those that are not its concern."""

    container: str
    stdin: StreamTarget | None
    stdout: StreamTarget | None
    stderr: StreamTarget | None
    #: stderr goes wherever stdout goes; ``stderr`` is None then.
    merge_stderr: bool = False
    #: A terminal of this size is wanted for all three.
    terminal: Size | None = None
    #: The runtime takes no end of any form that the driver gives: it makes pipes of its own, which
    #: are relayed. So nobody but the relay uses the ends (see ``cloche.relayed``).
    relayed: bool = False
    #: Core's directory for the container.
    state: Path | str | None = None


class Streams(ABC):
    """Three opened streams, from opening to closing. Used from one thread at a time."""

    #: The container's ends of stdin, stdout, stderr. None means: the runtime makes it.
    ends: tuple[End, End, End] = (None, None, None)
    #: The caller's ends (the writing end of stdin, the reading ends of the others), if any. Known
    #: once the streams are connected; from then on they are the caller's to close, not ours.
    near: tuple[int | None, int | None, int | None] = (None, None, None)
    #: Size of the terminal that is wanted; None for no terminal.
    terminal: Size | None = None
    #: Whether anything is to come in, or go out, by each. Where nothing is, there may be an end all
    #: the same (the null device, say); a runtime that makes pipes of its own makes none there.
    wanted: tuple[bool, bool, bool] = (True, True, True)

    @property
    def info(self) -> Mapping[str, object]:
        """Small JSON from which ``StdioDriver.reopen`` finds the streams again."""
        return {}

    def connect(self, pipes: Pipes, relay: Callable[[], Relay]) -> None:
        """Take the ends that a runtime made: keep them, pass them on, or have them relayed.

        Called once, after the streams are bound and before ``release_ends``, and only if the
        runtime handed out ends.
        ``relay`` gives the one relay thread; not asking for it starts no thread.
        """

    @abstractmethod
    def release_ends(self) -> None:
        """Close our copies of the container's ends: once, after binding or on failure."""

    @abstractmethod
    def drained(self) -> Future[None] | None:
        """Done when everything that was written has arrived; None when nothing is on its way."""

    def close(self) -> None:
        """Release what remains, except ends that were given away. Never raises; repeatable."""


class StdioDriver(ABC):
    """Opens streams of one kind; thread-safe."""

    @abstractmethod
    def open(self, request: StdioRequest) -> Streams:
        """Open what ``request`` asks for.

        Raises NotFound or Unavailable for a target that can't be opened; nothing is left then.
        """

    def reopen(self, info: Mapping[str, object]) -> Streams:
        """Open again, from paths, what an earlier process had opened.

        Raises InvalidState if the streams died with their process: the default.
        """
        from cloche.errors import InvalidState

        raise InvalidState("these streams died with the process that had opened them")


class StdioDescriptor(Value, kw_only=True):
    """How a plug-in offers a stdio driver."""

    name: str
    ceiling: int
    #: The forms of container end it gives: ``fd``, ``path``, or ``pipe`` (the runtime makes them).
    forms: frozenset[Literal["fd", "path", "pipe"]]
    #: Whether it can give a terminal.
    terminal: bool
    probe: Callable[[str | None], Verdict]
    open: Callable[[BackendContext], StdioDriver]
