"""The stdio driver ``npipe``: each stream is a named pipe that somebody else serves."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec, InvalidState, NotSupported
from cloche.pipes import close
from cloche.relayed import RelayedStreams
from cloche.stdio import StdioDriver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.stdio import Size, StdioRequest, Streams, StreamTarget

__all__ = ["PipeDriver"]

_NAMES = ("stdin", "stdout", "stderr")
#: A pipe of this machine; the service's own account would be lent to another one's.
_LOCAL = re.compile(r"\\\\[.?]\\pipe\\[^\0\\/]+", re.IGNORECASE)


class PipeDriver(StdioDriver):
    r"""Dials the pipes whose names (``\\.\pipe\…``) the targets give, and relays.

    stdin is read from, the others are written to. All are dialled at once, before anything is made
    of the container; an end is closed when what it carries has ended.
    """

    def open(self, request: StdioRequest) -> Streams:
        """Dial stdin, stdout, stderr, in this order; with a terminal no stderr.

        Raises NotFound or Unavailable for a pipe that can't be had, and those before it are closed
        then.
        """
        stderr = None if request.terminal is not None else request.stderr
        targets = (request.stdin, request.stdout, stderr)
        paths = {n: _path(n, target) for n, target in enumerate(targets) if target is not None}
        return _open(paths, request.terminal, merge_stderr=request.merge_stderr)

    def reopen(self, info: Mapping[str, object]) -> Streams:
        """Dial again what an earlier process had dialled; InvalidState for what is none of ours."""
        pipes, terminal = info.get("pipes"), info.get("terminal")
        if not isinstance(pipes, list) or len(pipes) != len(_NAMES):
            raise InvalidState("these streams are not named pipes", backend="npipe")
        paths = {n: path for n, path in enumerate(pipes) if isinstance(path, str)}
        size = None
        if isinstance(terminal, list):
            from cloche.stdio import Size

            size = Size(*terminal)
        return _open(paths, size, merge_stderr=info.get("merge_stderr") is True)


def _path(number: int, target: StreamTarget) -> str:
    path = target.argument
    if not isinstance(path, str) or not _LOCAL.fullmatch(path):
        raise InvalidSpec(
            f"{_NAMES[number]}: {path!r} is not the name of a pipe of this machine",
            path=_NAMES[number],
            hint=r"\\.\pipe\NAME",
        )
    return path


def _open(paths: Mapping[int, str], terminal: Size | None, *, merge_stderr: bool) -> Streams:
    ends: dict[int, int] = {}
    try:
        for number, path in sorted(paths.items()):
            ends[number] = _dial(path, reads=number == 0)
    except BaseException:
        for end in ends.values():
            close(end)
        raise
    info = {
        "pipes": [paths.get(number) for number in range(len(_NAMES))],
        "terminal": None if terminal is None else list(terminal),
        "merge_stderr": merge_stderr,
    }
    return RelayedStreams(ends, terminal=terminal, merge_stderr=merge_stderr, info=info)


def _dial(path: str, *, reads: bool) -> int:
    if sys.platform == "win32":
        from cloche_hcs.pipes.dial import dial

        return dial(path, reads=reads)
    else:  # noqa: RET505 - of which only one is there
        raise NotSupported("named pipes of this kind are Windows'", backend="npipe")
