"""The fake as a subject of the suites: an example for runtimes that have no POSIX shell."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from cloche.testing.fake import FakeBackend
from cloche.testing.programs import Args, Programs
from cloche.testing.subject import RuntimeSubject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.testing.fake_programs import Call, Program

__all__ = ["PROGRAMS", "FakePrograms", "fake_subject"]


class FakePrograms(Programs):
    """The suites' programs by the names they have below."""

    def writes(self, out: str, err: str = "") -> Args:
        """Write both."""
        return ("writes", out, err)

    def exits(self, code: int) -> Args:
        """End."""
        return ("exit", str(code))

    def sleeps(self) -> Args:
        """Sleep."""
        return ("sleeps",)

    def refuses(self) -> Args:
        """Refuse."""
        return ("refuses",)

    def counts(self) -> Args:
        """Count."""
        return ("counts",)

    def floods(self, size: int) -> Args:
        """Flood."""
        return ("floods", str(size))

    def tells_size(self) -> Args:
        """Tell."""
        return ("tells-size",)

    def unrunnable(self) -> Args:
        """Name the one that is None."""
        return ("unrunnable",)


def _writes(call: Call) -> None:
    call.stdout.write(call.args[1])
    call.stdout.flush()
    call.stderr.write(call.args[2])


def _sleeps(call: Call) -> None:
    print("ready", file=call.stdout)
    call.sleep(math.inf)


def _refuses(call: Call) -> None:
    call.trap(15, lambda: None)
    _sleeps(call)


def _counts(call: Call) -> None:
    while True:
        print("x", file=call.stdout)
        call.sleep(0.01)


def _floods(call: Call) -> None:
    call.stdout.buffer.write(bytes(int(call.args[1])))


def _tells_size(call: Call) -> None:
    while True:
        size = os.get_terminal_size(call.stdout.fileno())
        print(size.lines, size.columns, file=call.stdout)
        if not call.stdin.readline():
            return


#: What a fake must be able to run for the suites.
PROGRAMS: Mapping[str, Program | None] = {
    "writes": _writes,
    "sleeps": _sleeps,
    "refuses": _refuses,
    "counts": _counts,
    "floods": _floods,
    "tells-size": _tells_size,
    "unrunnable": None,
}


def fake_subject(*, service: bool = False) -> RuntimeSubject:
    """Make a fake, and a subject of it."""
    backend = FakeBackend(PROGRAMS, service=service)
    (runtime,) = backend.cloche_runtimes()
    (store,) = backend.cloche_layer_stores()
    return RuntimeSubject(runtime=runtime, store=store, programs=FakePrograms())
