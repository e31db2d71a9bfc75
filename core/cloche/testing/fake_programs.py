"""Programs of the fake: Python functions, and what they see of their container."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TextIO, TypeAlias, cast

if TYPE_CHECKING:
    from io import BufferedReader

    from cloche.testing.fake_tasks import Task

__all__ = ["BUILT_IN", "Call", "Killed", "Program"]


class Killed(BaseException):
    """A signal has ended the program; it passes through the program's own ``except Exception``."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class Call:
    """One run of a program: what a process knows of itself.

    Signals, pause and end reach the program where it uses its streams, sleeps, or says ``check``;
    Python offers no way to stop a thread that does none of these.
    """

    def __init__(
        self,
        task: Task,
        args: tuple[str, ...],
        env: Mapping[str, str],
        root: str | None,
        streams: tuple[TextIO, TextIO, TextIO],
    ) -> None:
        self._task = task
        #: The whole command, with the program's name first.
        self.args = args
        self.env = env
        #: The container's root directory on this machine; None if it has none.
        self.root = root
        #: Text streams; their ``buffer`` takes bytes.
        self.stdin, self.stdout, self.stderr = streams

    def sleep(self, seconds: float) -> None:
        """Sleep, as far as no signal ends the program; ``math.inf`` for ever."""
        self._task.sleep(seconds)

    def check(self) -> None:
        """Let signals, pause and end reach the program here."""
        self._task.check()

    def trap(self, signal: int, handler: Callable[[], None]) -> None:
        """Call ``handler`` in place of what the signal does by default; not for SIGKILL."""
        self._task.trap(signal, handler)


#: Returns the exit code; None is 0. ``sys.exit`` and exceptions do what they do in Python.
Program: TypeAlias = Callable[[Call], int | None]


def _echo(call: Call) -> None:
    print(*call.args[1:], file=call.stdout)


def _cat(call: Call) -> None:
    source = cast("BufferedReader", call.stdin.buffer)
    while piece := source.read1(1 << 16):
        call.stdout.buffer.write(piece)
        call.stdout.buffer.flush()


def _sleep(call: Call) -> None:
    call.sleep(float(call.args[1]))


def _env(call: Call) -> None:
    for name, value in call.env.items():
        print(f"{name}={value}", file=call.stdout)


def _yes(call: Call) -> None:
    while True:
        call.stdout.write("y\n" * 512)


#: What every fake can run.
BUILT_IN: Mapping[str, Program] = {
    "true": lambda _: 0,
    "false": lambda _: 1,
    "echo": _echo,
    "cat": _cat,
    "sleep": _sleep,
    "env": _env,
    "yes": _yes,
    "exit": lambda call: sys.exit(int(call.args[1])),
}
