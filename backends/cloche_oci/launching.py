"""Keepers: how they are started, and what they say until their process is made."""

from __future__ import annotations

import json
import os
import select
import socket
from typing import TYPE_CHECKING

from cloche.errors import BackendError, TimedOut
from cloche.spawn import spawn
from cloche.values import Value
from cloche_oci.calling import Ends
from cloche_oci.programs import environment
from cloche_oci.tool import keeper_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.spawn import SpawnedProcess
    from cloche.stdio import Streams

__all__ = ["Channel", "Failed", "Kept", "launch"]

_MOST = 4096
#: Seconds beyond the time that the keeper gives the runtime, until it is given up itself.
_GRACE = 20.0
_SIGKILL = 9


class Failed(Exception):
    """The runtime ended with an error; its log says which."""


class Channel:
    """What a keeper says, message by message."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def next(self, timeout: float) -> tuple[dict[str, object], list[int]]:
        """Wait for a message and the descriptors with it; empty if the keeper has ended.

        Raises TimedOut.
        """
        poll = select.poll()
        poll.register(self._end, select.POLLIN)
        if not poll.poll(timeout * 1000):
            raise TimedOut("the keeper of the container said nothing", backend="oci")
        data, descriptors, _, _ = socket.recv_fds(self._end, _MOST, 2)
        found: object = json.loads(data) if data else {}
        return found if isinstance(found, dict) else {}, descriptors

    def close(self) -> None:
        """Listen no more."""
        self._end.close()


class Kept(Value):
    """A process that is made, and its keeper."""

    keeper: SpawnedProcess
    channel: Channel
    #: Who is who, as the keeper notes it.
    identity: dict[str, object]
    pidfd: int
    #: The master of its terminal.
    terminal: int | None


def launch(plan: str, streams: Streams, preserve_fds: Sequence[int], timeout: float) -> Kept:
    """Start a keeper on the plan in a file, and wait until its process is made.

    Raises Failed if the runtime says no, TimedOut if it does not come to an end (and is killed
    then), BackendError for what the machine refuses. Nothing of it is left after any of these.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        keeper = _spawn(plan, streams, [theirs.fileno(), *preserve_fds])
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    channel = Channel(ours)
    try:
        return _made(keeper, channel, timeout)
    except BaseException:
        keeper.exit.wait(_GRACE)
        keeper.close()
        channel.close()
        raise


def _spawn(plan: str, streams: Streams, descriptors: list[int]) -> SpawnedProcess:
    command = keeper_command("keep", plan)
    if streams.terminal is None:
        return spawn(command, streams, env=environment(), preserve_fds=descriptors)
    nothing = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        ends = Ends((nothing, nothing, nothing))
        return spawn(command, ends, env=environment(), preserve_fds=descriptors)
    finally:
        os.close(nothing)


def _made(keeper: SpawnedProcess, channel: Channel, timeout: float) -> Kept:
    try:
        message, descriptors = channel.next(timeout + _GRACE)
    except BaseException:
        keeper.kill_group(_SIGKILL)
        raise
    match message:
        case {"made": dict(identity)}:
            terminal = descriptors[1] if len(descriptors) > 1 else None
            return Kept(keeper, channel, identity, descriptors[0], terminal)
        case {"late": _}:
            raise TimedOut(f"the runtime did not come to an end in {timeout:g} s, and was killed")
        case {"failed": _}:
            raise Failed
        case {"error": str(reason)}:
            raise BackendError(reason, backend="oci")
    raise BackendError("the keeper of the container ended too early", backend="oci")
