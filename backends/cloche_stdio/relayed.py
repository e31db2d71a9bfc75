"""Pipes for runtimes that make pipes of their own: one end is the caller's, one the relay's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.pipes import close, from_relay, to_relay
from cloche.relayed import RelayedStreams

if TYPE_CHECKING:
    from cloche.stdio import StdioRequest, Streams

__all__ = ["open_pipes"]


def open_pipes(request: StdioRequest) -> Streams:
    """Make a pipe for each stream that is asked for; if one can't be made, none stays."""
    ends: dict[int, int] = {}
    near: list[int | None] = [None, None, None]
    try:
        for number, target in enumerate((request.stdin, request.stdout, request.stderr)):
            if target is not None and number == 0:
                ends[0], near[0] = to_relay()
            elif target is not None:
                near[number], ends[number] = from_relay()
    except BaseException:
        for end in ends.values():
            close(end)
        for fd in near:
            if fd is not None:
                os.close(fd)
        raise
    return RelayedStreams(
        ends,
        (near[0], near[1], near[2]),
        terminal=request.terminal,
        merge_stderr=request.merge_stderr,
    )
