"""Further processes in a bundle's container."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os

from cloche.errors import NotSupported
from cloche.values import Value

from .making import check_pid_file, write_pid
from .streams import CallersStreams, hand_over, hand_pidfd
from .wording import worded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cloche.runtime import RuntimeContainer, RuntimeProcess
    from cloche.spec import Process


__all__ = ["Entry", "execute", "require_known"]


class Entry(Value, kw_only=True):
    """What a caller says of a further process beside its specification."""

    #: Descriptors that the process gets as 3, 4, ….
    preserve_fds: tuple[int, ...] = ()
    #: Groups beneath the container's that it gets into, by controller; "" stands for all others.
    subgroups: Mapping[str, str] = {}
    #: Enter a paused container, too, and wait until it runs on.
    even_paused: bool = False
    #: This process is about to end: whoever adopts the other one is to learn of its end.
    adopted: bool = False
    console_socket: str | None = None
    pidfd_socket: str | None = None
    pid_file: str | None = None


_SIGKILL = 9
_FOR_RUNTIMES = ("preserve_fds", "subgroups", "even_paused")


def execute(container: RuntimeContainer, process: Process, entry: Entry) -> RuntimeProcess:
    """Run it; the terminal is sent away, if there is a socket for it, and the pid is written.

    Who can't be told of it, by the one or the other, has no process running on.
    """
    if entry.pid_file is not None:
        check_pid_file(entry.pid_file)
    streams, name = CallersStreams(process), os.urandom(6).hex()
    asked = {each: value for each in _FOR_RUNTIMES if (value := getattr(entry, each))}
    require_known(container.exec, asked, "further processes")
    if entry.adopted and _knows_adoption(container):
        asked["adopted"] = True
    with worded(process):
        started = container.exec(name, process, streams, **asked)
    try:
        _tell(started, entry)
    except BaseException:
        started.kill(_SIGKILL)  # nobody would ever hear of it
        started.close()
        raise
    return started


def _tell(started: RuntimeProcess, entry: Entry) -> None:
    if entry.console_socket is not None and started.pipes is not None:
        hand_over(started.pipes, entry.console_socket)
    if entry.pidfd_socket is not None:
        hand_pidfd(started, entry.pidfd_socket)
    if entry.pid_file is not None:
        write_pid(entry.pid_file, started.pid or 0)


def _knows_adoption(container: RuntimeContainer) -> bool:
    """Whether its runtime has to be told; others put nobody between. Asked at every start."""
    return "adopted" in (getattr(container.exec, "__kwdefaults__", None) or ())


def require_known(verb: Callable[..., object], asked: Mapping[str, object], what: str) -> None:
    """Refuse what goes beyond the contract if this runtime knows nothing of it."""
    if not asked:
        return
    from inspect import signature

    known = signature(verb).parameters
    for name in asked:
        if name not in known:
            raise NotSupported(f"the runtime has no {name.replace('_', ' ')} for {what}")
