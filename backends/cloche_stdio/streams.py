"""Streams whose ends are descriptors of this process: what all drivers here open."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from cloche.stdio import End, Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from cloche.relay import Relay
    from cloche.stdio import Pipes, StdioRequest, StreamTarget


class Opened(NamedTuple):
    """One opened stream: the container's end and, if there is one, the caller's."""

    end: int
    near: int | None = None


class DescriptorStreams(Streams):
    """Opened descriptors; handed on as they are, or relayed if the runtime has pipes of its own."""

    def __init__(self, opened: dict[int, Opened], *, merge_stderr: bool) -> None:
        ends: list[End] = [opened[number].end if number in opened else None for number in range(3)]
        if merge_stderr:
            ends[2] = ends[1]
        near = [opened[number].near if number in opened else None for number in range(3)]
        self.ends = (ends[0], ends[1], ends[2])
        self.near = (near[0], near[1], near[2])
        self._held = {each.end for each in opened.values()}
        self._input: Future[None] | None = None
        self._outputs: list[Future[None]] = []

    def connect(self, pipes: Pipes, relay: Callable[[], Relay]) -> None:
        """Relay between the runtime's pipes and our ends, which must not be released before."""
        from cloche.pipes import relayable

        stdin, *outputs = self.ends
        if pipes.stdin is not None and isinstance(stdin, int):
            self._input = relay().copy(relayable(stdin), pipes.stdin)
        for pipe, end in zip((pipes.stdout, pipes.stderr), outputs, strict=True):
            if pipe is not None and isinstance(end, int):
                self._outputs.append(relay().copy(pipe, relayable(end)))

    def release_ends(self) -> None:
        """Close the container's ends; a relay has copies of its own."""
        close_all(self._held)
        self._held = set()

    def drained(self) -> Future[None] | None:
        """Done when the relay has copied all output."""
        if not self._outputs:
            return None
        from cloche.relay import all_done

        return all_done(self._outputs)

    def close(self) -> None:
        """Release our ends and read no more input for the container."""
        self.release_ends()
        if self._input is not None:
            self._input.cancel()


def open_streams(
    request: StdioRequest, open_one: Callable[[int, StreamTarget], Opened]
) -> DescriptorStreams:
    """Open the streams that ``request`` names one by one; if one can't be opened, none stays."""
    opened: dict[int, Opened] = {}
    try:
        for number, target in enumerate((request.stdin, request.stdout, request.stderr)):
            if target is not None:
                opened[number] = open_one(number, target)
    except BaseException:
        for each in opened.values():
            close_all(fd for fd in each if fd is not None)
        raise
    return DescriptorStreams(opened, merge_stderr=request.merge_stderr)


def close_all(descriptors: Iterable[int]) -> None:
    """Close descriptors that are ours."""
    for fd in descriptors:
        os.close(fd)
