"""Standard streams as users name them, and several drivers' streams as one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import NotSupported
from cloche.stdio import Pipes, StdioRequest, Streams, StreamTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from cloche.choice import Chooser, Opened
    from cloche.relay import Relay
    from cloche.request import Asked
    from cloche.runtime import RuntimeProcess
    from cloche.stdio import StdioDriver

__all__ = ["DEVNULL", "PIPE", "STDOUT", "abandon", "bind", "open_streams"]

#: A pipe whose other end the caller gets. The numbers are those of ``subprocess``.
PIPE = -1
#: For stderr: wherever stdout goes.
STDOUT = -2
#: Nothing comes in, and what goes out is lost.
DEVNULL = -3

_NULL = StreamTarget(driver="null")
_PIPE = StreamTarget(driver="pipe")
_INHERITED = tuple(StreamTarget(driver="inherit", argument=fd) for fd in range(3))


def open_streams(
    chooser: Chooser, asked: Asked, container: str, state: Path | str, takes: frozenset[str]
) -> Streams:
    """Open the three streams of a process; ``takes`` are the forms of end its runtime takes.

    Raises Unavailable or NotSupported for a driver that can't be had, or whatever a driver raises
    for a target that can't be opened; nothing is left open then.
    """
    if asked.tty is not None and not _are_named(asked):
        return _terminal(chooser, asked, container, state, takes)
    merge = asked.stderr == STDOUT and asked.tty is None
    targets = [_target(number, stream, asked) for number, stream in enumerate(_three(asked))]
    if merge or asked.tty is not None:
        targets[2] = None
    streams = _open_all(chooser, targets, container, state, takes, merge=merge)
    streams.terminal = asked.tty
    if _NULL in targets or asked.tty is not None:
        stdin, stdout, stderr = (target not in (_NULL, None) for target in targets)
        streams.wanted = (stdin, stdout, stdout if merge else stderr)
    return streams


def _are_named(asked: Asked) -> bool:
    """Whether any stream of a terminal goes to where a driver takes it."""
    return any(isinstance(stream, StreamTarget) for stream in _three(asked))


def _open_all(
    chooser: Chooser,
    targets: list[StreamTarget | None],
    container: str,
    state: Path | str,
    takes: frozenset[str],
    *,
    merge: bool,
) -> Streams:
    parts: list[tuple[Streams, frozenset[int]]] = []
    try:
        for driver in dict.fromkeys(target.driver for target in targets if target is not None):
            opened = _driver(chooser, driver, takes)
            own = [t if t is not None and t.driver == driver else None for t in targets]
            merged = merge and own[1] is not None
            request = StdioRequest(
                container=container,
                stdin=own[0],
                stdout=own[1],
                stderr=own[2],
                merge_stderr=merged,
                state=state,
                relayed=takes.isdisjoint(opened.forms),
            )
            numbers = {
                n for n, target in enumerate(own) if target is not None or (n == 2 and merged)
            }
            parts.append((opened.backend.open(request), frozenset(numbers)))
    except BaseException:
        for streams, _ in parts:
            abandon(streams, bound=False)
        raise
    return parts[0][0] if len(parts) == 1 else Combined(parts)


def _three(asked: Asked) -> tuple[StreamTarget | int | None, ...]:
    return (DEVNULL if asked.stdin is None else asked.stdin), asked.stdout, asked.stderr


def _target(number: int, stream: StreamTarget | int | None, asked: Asked) -> StreamTarget | None:
    if stream is None:
        return _INHERITED[number]
    if stream == PIPE:
        return StreamTarget(driver=asked.stdio_driver) if asked.stdio_driver else _PIPE
    if stream == DEVNULL:
        return _NULL
    return stream if isinstance(stream, StreamTarget) else None


def _driver(chooser: Chooser, driver: str, takes: frozenset[str]) -> Opened[StdioDriver]:
    opened = chooser.driver(driver)
    _check_forms(driver, opened.forms, takes)
    return opened


def _check_forms(driver: str, gives: frozenset[str], takes: frozenset[str]) -> None:
    """A runtime that makes pipes of its own goes with every driver: they are relayed."""
    if "pipe" not in takes and takes.isdisjoint(gives):
        raise NotSupported(
            f"the stdio driver {driver} gives {_listed(gives)}, "
            f"and the runtime takes {_listed(takes)}",
            hint="name another driver or another runtime",
        )


def _listed(forms: frozenset[str]) -> str:
    return " or ".join(sorted(forms))


def _terminal(
    chooser: Chooser, asked: Asked, container: str, state: Path | str, takes: frozenset[str]
) -> Streams:
    opened = chooser.terminal_driver(asked.stdio_driver)
    _check_forms(opened.name, opened.forms, takes)
    target = StreamTarget(driver=opened.name)
    request = StdioRequest(
        container=container,
        stdin=target,
        stdout=target,
        stderr=None,
        terminal=asked.tty,
        state=state,
        relayed=takes.isdisjoint(opened.forms),
    )
    return opened.backend.open(request)


def bind(process: RuntimeProcess | None, streams: Streams) -> None:
    """Connect what the runtime made, after it took the container's ends, and close those."""
    try:
        if process is not None and process.pipes is not None:
            from cloche.feeding import relay_for

            streams.connect(process.pipes, relay_for(process))
    finally:
        streams.release_ends()


def abandon(streams: Streams, *, bound: bool) -> None:
    """Close all of it, both sides; ``bound`` if the container's ends are closed already."""
    if not bound:
        streams.release_ends()
    for fd in streams.near:
        if fd is not None:
            os.close(fd)
    streams.close()


class Combined(Streams):
    """The streams of several drivers, each with the numbers of those that are its own."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[tuple[Streams, frozenset[int]]]) -> None:
        self._parts = tuple(parts)
        owners = [next((s for s, own in parts if n in own), None) for n in range(3)]
        ends = [None if owner is None else owner.ends[n] for n, owner in enumerate(owners)]
        self.ends = (ends[0], ends[1], ends[2])
        self._gather_near()

    def _gather_near(self) -> None:
        near: list[int | None] = [None, None, None]
        for streams, own in self._parts:
            for number in own:
                near[number] = streams.near[number]
        self.near = (near[0], near[1], near[2])

    @property
    def info(self) -> Mapping[str, object]:
        """Say nothing: several drivers' streams are not found again."""
        return {}

    def connect(self, pipes: Pipes, relay: Callable[[], Relay]) -> None:
        """Give each driver the pipes of its own streams."""
        for streams, own in self._parts:
            ends = [end if n in own else None for n, end in enumerate(pipes[:3])]
            if any(end is not None for end in ends):
                streams.connect(Pipes(ends[0], ends[1], ends[2], pipes.terminal), relay)
        self._gather_near()

    def release_ends(self) -> None:
        """Close our copies of the container's ends."""
        for streams, _ in self._parts:
            streams.release_ends()

    def drained(self) -> Future[None] | None:
        """Done when everything that was written has arrived everywhere."""
        waiting = [future for streams, _ in self._parts if (future := streams.drained())]
        if not waiting:
            return None
        from cloche.relay import all_done

        return all_done(waiting)

    def close(self) -> None:
        """Release what remains of all of them."""
        for streams, _ in self._parts:
            streams.close()
