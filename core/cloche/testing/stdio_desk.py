"""The bench of the suite for stdio drivers."""

from __future__ import annotations

import os
from io import FileIO
from typing import TYPE_CHECKING, NamedTuple

from cloche.relay import Relay
from cloche.runtime import BackendContext
from cloche.stdio import Pipes, StdioRequest, StreamTarget
from cloche.testing.lab import works_here
from cloche.testing.lab_platform import end_of, is_open

if TYPE_CHECKING:
    from pathlib import Path

    from cloche.stdio import StdioDescriptor, Streams

__all__ = ["Desk", "StdioSubject"]


class StdioSubject:
    """A stdio driver under test; override what is not as with pipes."""

    #: Nothing comes in, and what goes out is lost.
    is_nothing = False

    def __init__(self, driver: StdioDescriptor) -> None:
        self.driver = driver

    def source(self, data: bytes) -> StreamTarget | None:
        """Make a target from which ``data`` can be read; None if the caller writes to ``near``."""
        return None

    def sink(self) -> StreamTarget | None:
        """Make a target that can be written to; None if the caller reads from ``near``."""
        return None

    def arrived(self, sink: StreamTarget) -> bytes:
        """Read what has arrived in a target; all ends are closed."""
        raise NotImplementedError

    def wrong(self) -> StreamTarget | None:
        """Make a target that can't be opened; None if there is none."""
        return None


class Far(NamedTuple):
    """The ends that a program has of pipes of its runtime's."""

    stdin: FileIO
    stdout: FileIO


class Desk:
    """A stdio driver and the streams of one test."""

    def __init__(self, subject: StdioSubject, home: Path) -> None:
        works_here(subject.driver)
        self.subject = subject
        context = BackendContext(home=home / "driver", owner="cloche-conformance")
        self.driver = subject.driver.open(context)
        self._opened: list[Streams] = []
        self._programs: list[Far] = []

    def open(
        self,
        stdin: StreamTarget | None = None,
        stdout: StreamTarget | None = None,
        stderr: StreamTarget | None = None,
        *,
        merge_stderr: bool = False,
    ) -> Streams:
        """Open streams, to be closed when the test ends."""
        request = StdioRequest(
            container="c", stdin=stdin, stdout=stdout, stderr=stderr, merge_stderr=merge_stderr
        )
        self._opened.append(self.driver.open(request))
        return self._opened[-1]

    def target(self, number: int) -> StreamTarget:
        """Make some target for a stream."""
        made = self.subject.source(b"") if number == 0 else self.subject.sink()
        return made or StreamTarget(driver=self.subject.driver.name)

    def all_three(self) -> Streams:
        """Open three streams."""
        return self.open(self.target(0), self.target(1), self.target(2))

    def only(self, number: int, target: StreamTarget) -> Streams:
        """Open one stream."""
        stdin, stdout, stderr = (target if n == number else None for n in range(3))
        return self.open(stdin, stdout, stderr)

    def connect(self, streams: Streams) -> Far:
        """Do what a runtime does that makes its own pipes; its program's ends are given back."""
        (stdin, ours), (theirs, stdout), relay = os.pipe(), os.pipe(), Relay()
        self._programs.append(Far(FileIO(stdin, "r"), FileIO(stdout, "w")))
        streams.connect(Pipes(end_of(ours), end_of(theirs), None), lambda: relay)
        return self._programs[-1]

    def close(self) -> None:
        """Close what the test has left open."""
        for program in self._programs:
            program.stdin.close()
            program.stdout.close()
        for streams in self._opened:
            streams.close()
            for fd in streams.near:
                if fd is not None and is_open(fd):
                    os.close(fd)
