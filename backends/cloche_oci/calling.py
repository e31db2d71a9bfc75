"""Calls of a runtime that return: no shell, no fork of this process, and never without an end."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import CommandFailed, TimedOut, Unavailable
from cloche.spawn import spawn
from cloche.stdio import Streams
from cloche.values import Value
from cloche_oci.programs import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from cloche.relay import Relay
    from cloche.spawn import SpawnedProcess
    from cloche.stdio import Pipes

__all__ = ["LIMIT", "Ends", "Output", "call"]

#: Seconds that a call may take, where nobody says otherwise.
LIMIT = 30.0
_MOST = 4 << 20
_END_LIMIT = 10.0
_SIGKILL = 9


class Output(Value):
    """What a call came to."""

    #: What a shell says: its exit code, or 128 and a signal.
    code: int
    out: bytes
    #: What it wrote to stderr.
    said: str


class Ends(Streams):
    """Three descriptors that somebody else closes."""

    def __init__(self, ends: tuple[int, int, int]) -> None:
        self.ends = ends

    def connect(self, pipes: Pipes, relay: Callable[[], Relay]) -> None:
        """Do nothing: they are connected."""

    def release_ends(self) -> None:
        """Do nothing."""

    def drained(self) -> Future[None] | None:
        """Nothing is on its way."""
        return None

    def close(self) -> None:
        """Do nothing."""


def call(argv: Sequence[str], *, timeout: float = LIMIT, given: bytes = b"") -> Output:
    """Run a program to its end, with ``given`` as its input.

    One that hangs is killed, with all that it has started: TimedOut. Unavailable if it can't be
    run at all. Of its output the first 4 MiB are read.
    """
    files = [os.memfd_create("cloche", os.MFD_CLOEXEC) for _ in range(3)]
    try:
        os.write(files[0], given)
        os.lseek(files[0], 0, os.SEEK_SET)
        process = _spawn(argv, Ends((files[0], files[1], files[2])))
        code = _end_of(process, argv, timeout)
        out, said = (os.pread(fd, _MOST, 0) for fd in files[1:])
    finally:
        for fd in files:
            os.close(fd)
    return Output(code, out, said.decode("utf-8", "replace"))


def _spawn(argv: Sequence[str], ends: Ends) -> SpawnedProcess:
    try:
        return spawn(argv, ends, env=environment())
    except CommandFailed as error:
        raise Unavailable(
            str(error), remedy=f"install {os.path.basename(argv[0])} again", backend="oci"
        ) from error


def _end_of(process: SpawnedProcess, argv: Sequence[str], timeout: float) -> int:
    try:
        status = process.exit.wait(timeout)
    except BaseException as error:
        process.kill_group(_SIGKILL)
        process.exit.wait(_END_LIMIT)
        if isinstance(error, TimedOut):
            name = os.path.basename(argv[0])
            raise TimedOut(
                f"{name} did not come to an end in {timeout:g} s, and was killed", backend="oci"
            ) from error
        raise
    finally:
        process.close()
    code = status.exit_code
    return 255 if code is None else code
