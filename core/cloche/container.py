"""Container and Process as users hold them."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, AnyStr, Generic, Literal, overload

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import Self, Unpack

    from cloche.details import Details
    from cloche.exit import ExitStatus
    from cloche.parameters import Duration, ExecOptions, ExecRunOptions
    from cloche.result import Result
    from cloche.runtime import State
    from cloche.spec import Spec
    from cloche.stats import Stats

__all__ = ["Container", "Process"]


class Process(Generic[AnyStr]):
    """A process in a container; what it has in common with ``subprocess.Popen`` means the same."""

    @property
    def args(self) -> tuple[str, ...]:
        """The command, as it was given."""
        raise NotImplementedError

    @property
    def pid(self) -> int | None:
        """The process id on this machine; None where there is none to tell."""
        raise NotImplementedError

    #: The near ends of streams that were asked for as PIPE (or by ``tty``); None for others.
    stdin: IO[AnyStr] | None
    stdout: IO[AnyStr] | None
    stderr: IO[AnyStr] | None

    @property
    def returncode(self) -> int | None:
        """The exit code if the process has ended; negative for a signal. Looks every time."""
        raise NotImplementedError

    @property
    def status(self) -> ExitStatus | None:
        """How it ended, with its reason; None while it runs."""
        raise NotImplementedError

    def poll(self) -> int | None:
        """Look whether it has ended; the exit code then, else None."""
        raise NotImplementedError

    def wait(self, timeout: Duration | None = None) -> int | None:
        """Wait for the end and return the exit code (None where it could not be learnt).

        Raises TimedOut after ``timeout``, and kills nothing. Any number of waits, in any thread and
        at any time, give the same answer. A process that writes more than a pipe takes while nobody
        reads never ends: use ``communicate``.
        """
        raise NotImplementedError

    def communicate(
        self, input: AnyStr | None = None, timeout: Duration | None = None
    ) -> tuple[AnyStr | None, AnyStr | None]:
        """Send ``input``, read all output, wait for the end; (stdout, stderr).

        Raises TimedOut after ``timeout``, and kills nothing; call it again to go on.
        """
        raise NotImplementedError

    def kill(self, signal: int | str = "SIGKILL") -> None:
        """Send a signal, by name or number; does not wait. An ended process is not an error."""
        raise NotImplementedError

    def resize(self, width: int, height: int) -> None:
        """Tell the process's terminal its size in characters."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the near ends of the streams and release handles; the process lives on."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill the process if it still runs, and close."""
        raise NotImplementedError


class Container(Process[AnyStr]):
    """A container; as a process it is its own first one.

    As a context manager it ends when the block does, and is removed unless it was made with
    ``keep``. Every method may be called in any thread.
    """

    @property
    def id(self) -> str:
        """The id: generated, unique, unchanged for life."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The name it was given; its id if it was given none."""
        raise NotImplementedError

    @property
    def state(self) -> State:
        """What it is doing now: creating, created, running, paused or stopped."""
        raise NotImplementedError

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels it was given."""
        raise NotImplementedError

    @property
    def spec(self) -> Spec:
        """The OCI specification it was made of, read from its record."""
        raise NotImplementedError

    def inspect(self) -> Details:
        """Everything known about it, at this moment."""
        raise NotImplementedError

    def stop(self, timeout: Duration | None = None) -> None:
        """Ask it to end by its stop signal, wait, then force it.

        ``timeout`` defaults to its ``stop_timeout``, else 10 seconds. Stopping what has stopped is
        not an error.
        """
        raise NotImplementedError

    def kill(self, signal: int | str = "SIGKILL") -> None:
        """Send a signal to the first process; SIGKILL ends all of them. Does not wait.

        Raises InvalidState if the container is not running.
        """
        raise NotImplementedError

    def remove(self, *, force: bool = False) -> None:
        """Take away everything of it; InvalidState if it is running, unless ``force`` kills it.

        Does all it can, then raises CleanupFailed with what went wrong. A second one is NotFound.
        """
        raise NotImplementedError

    def pause(self) -> None:
        """Stop all its processes where they are."""
        raise NotImplementedError

    def resume(self) -> None:
        """Let paused processes run on."""
        raise NotImplementedError

    def stats(self) -> Stats:
        """Measure what it uses."""
        raise NotImplementedError

    def pids(self) -> Sequence[int]:
        """List its processes by their ids on this machine."""
        raise NotImplementedError

    @overload
    def exec(
        self, args: Sequence[str], *, text: Literal[True], **options: Unpack[ExecOptions]
    ) -> Process[str]: ...
    @overload
    def exec(
        self,
        args: Sequence[str],
        *,
        text: Literal[False] | None = None,
        **options: Unpack[ExecOptions],
    ) -> Process[bytes]: ...
    def exec(
        self, args: Sequence[str], *, text: bool | None = None, **options: Unpack[ExecOptions]
    ) -> Process[Any]:
        """Run a further process in it and return at once; it has the container's settings.

        Raises InvalidState if the container is not running, CommandFailed (126, 127) if the program
        can't be run.
        """
        raise NotImplementedError

    @overload
    def run(
        self, args: Sequence[str], *, text: Literal[True], **options: Unpack[ExecRunOptions]
    ) -> Result[str]: ...
    @overload
    def run(
        self,
        args: Sequence[str],
        *,
        text: Literal[False] | None = None,
        **options: Unpack[ExecRunOptions],
    ) -> Result[bytes]: ...
    def run(
        self, args: Sequence[str], *, text: bool | None = None, **options: Unpack[ExecRunOptions]
    ) -> Result[Any]:
        """Run a further process in it and wait for its end; otherwise as ``cloche.run``."""
        raise NotImplementedError

    def read_text(self, path: str) -> str:
        """Read a file of the container as UTF-8 (with replacement)."""
        raise NotImplementedError

    def read_bytes(self, path: str) -> bytes:
        """Read a file of the container; NotFound if there is none.

        As all file methods: by absolute path, without any program of the container's, and never
        outside its root, whatever links it has.
        """
        raise NotImplementedError

    def write_text(self, path: str, text: str) -> None:
        """Write a file of the container as UTF-8; see ``write_bytes``."""
        raise NotImplementedError

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a file of the container, replacing it; its directory is made if missing."""
        raise NotImplementedError

    def copy_in(self, source: str | os.PathLike[str], target: str) -> None:
        """Copy a file or tree of this machine to ``target`` in the container.

        Into an existing directory it is copied under its own name, as ``cp -r`` does. Links stay
        links; devices, sockets and FIFOs are refused with InvalidSpec.
        """
        raise NotImplementedError

    def copy_out(self, source: str, target: str | os.PathLike[str]) -> None:
        """Copy a file or tree of the container to ``target`` on this machine, as ``copy_in``."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it and, unless it is kept, remove it."""
        raise NotImplementedError
