"""Streams of the suites: pipes, seen from both sides, that never let a test hang."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from cloche.pipes import from_relay, relayable, to_relay
from cloche.stdio import Size, Streams
from cloche.testing.lab_platform import is_open, is_ready

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from cloche.relay import Relay
    from cloche.stdio import Pipes

__all__ = ["PATIENCE", "LabStreams"]

#: Seconds after which what did not happen is held not to happen.
PATIENCE = 20.0


class LabStreams(Streams):
    """Three pipes, or the terminal that the runtime makes."""

    def __init__(self, *, terminal: Size | None = None, merge_stderr: bool = False) -> None:
        self.terminal = terminal
        #: What is still ours to close.
        self._near: list[int | None] = [None, None, None]
        self._far: set[int] = set()
        self._copies: list[Future[None]] = []
        if terminal is None:
            self._make_pipes(merge_stderr=merge_stderr)

    def _make_pipes(self, *, merge_stderr: bool) -> None:
        (stdin, writing), (reading, stdout) = os.pipe(), os.pipe()
        reading_errors, stderr = (None, stdout) if merge_stderr else os.pipe()
        self._near = [writing, reading, reading_errors]
        self.ends = stdin, stdout, stderr
        self._far = {stdin, stdout, stderr}

    def connect(self, pipes: Pipes, relay: Callable[[], Relay]) -> None:
        """Keep a terminal; relay pipes."""
        if self.terminal is not None:
            self._connect_terminal(pipes, relay)
            return
        stdin, *outputs = self.ends
        if pipes.stdin is not None and isinstance(stdin, int):
            self._copies.append(relay().copy(relayable(stdin), pipes.stdin))
        for pipe, end in zip((pipes.stdout, pipes.stderr), outputs, strict=True):
            if pipe is not None and isinstance(end, int):
                self._copies.append(relay().copy(pipe, relayable(end)))

    def _connect_terminal(self, pipes: Pipes, relay: Callable[[], Relay]) -> None:
        if sys.platform == "win32":  # what is handed out there is not for plain reads
            assert pipes.stdin is not None
            assert pipes.stdout is not None
            source, self._near[0] = to_relay()
            self._near[1], sink = from_relay()
            self._copies = [relay().copy(source, pipes.stdin), relay().copy(pipes.stdout, sink)]
        else:
            self._near = list(pipes[:3])

    def release_ends(self) -> None:
        """Close the container's ends."""
        for fd in self._far:
            os.close(fd)
        self._far = set()

    def drained(self) -> Future[None] | None:
        """Say nothing: the suites read to the end instead."""

    def close(self) -> None:
        """Close both sides."""
        self.release_ends()
        for number in range(3):
            self.hang_up(number)
        for copy in self._copies:
            copy.cancel()

    def hang_up(self, number: int) -> None:
        """Close our end of one stream."""
        fd, self._near[number] = self._near[number], None
        if fd is not None:
            os.close(fd)

    def holds_ends(self) -> bool:
        """Say whether the container's ends are open still, as the files that they were."""
        return bool(self._far) and all(map(is_open, self._far))

    def size(self) -> Size | None:
        """Ask the terminal for its size; None where it is the runtime's alone, behind pipes."""
        fd = self._near[1]
        assert fd is not None
        return Size(*os.get_terminal_size(fd)) if os.isatty(fd) else None

    def say(self, data: bytes) -> None:
        """Write to the container's stdin."""
        fd = self._near[0]
        assert fd is not None
        os.write(fd, data)

    def read(self, number: int = 1) -> bytes:
        """Read to the end; an end that does not come is a failure."""
        deadline = time.monotonic() + PATIENCE
        pieces: list[bytes] = []
        while piece := self._piece(number, deadline):
            pieces.append(piece)
        return b"".join(pieces)

    def read_until(self, text: bytes, number: int = 1) -> bytes:
        """Read until ``text`` has come; that it does not come is a failure."""
        deadline = time.monotonic() + PATIENCE
        seen = b""
        while text not in seen:
            piece = self._piece(number, deadline)
            assert piece, f"{text!r} did not come, only {seen!r}"
            seen += piece
        return seen

    def is_silent(self, seconds: float, number: int = 1) -> bool:
        """Throw away what is there, then say whether nothing comes for so long."""
        while self._is_ready(number, 0):
            if not self._piece(number, time.monotonic() + PATIENCE):
                return True
        return not self._is_ready(number, seconds)

    def _is_ready(self, number: int, seconds: float) -> bool:
        fd = self._near[number]
        assert fd is not None
        return is_ready(fd, seconds)

    def _piece(self, number: int, deadline: float) -> bytes:
        left = deadline - time.monotonic()
        assert left > 0, "output did not end in time"
        assert self._is_ready(number, left), "output did not end in time"
        fd = self._near[number]
        assert fd is not None
        try:
            return os.read(fd, 1 << 16)
        except OSError:
            return b""  # EIO: a terminal's end
