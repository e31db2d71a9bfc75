"""Processes of the fake: one thread each, which signals, pause and end can reach."""

from __future__ import annotations

import io
import os
import time
import traceback
from collections import deque
from threading import Condition, Thread
from typing import TYPE_CHECKING, TextIO

from cloche.exit import Exit, ExitStatus, Reason
from cloche.testing.fake_alarm import Alarm
from cloche.testing.fake_programs import Call, Killed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed import ReadableBuffer, WriteableBuffer

    from cloche.testing.fake_programs import Program

__all__ = ["Task"]

_KILL = 9
_PIPE = 13
#: What does nothing by default (signal(7)): SIGCHLD, SIGCONT, SIGURG, SIGWINCH.
_HARMLESS = frozenset({17, 18, 23, 28})


class Task:
    """One process: not started, running, paused or ended. Owns the descriptors it was given."""

    def __init__(self, descriptors: tuple[int, ...], on_end: Callable[[], None]) -> None:
        self.exit = Exit()
        self._descriptors = descriptors
        self._on_end = on_end
        self._changed = Condition()
        self._signals: deque[int] = deque()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._started = False
        self._paused = False
        self._parked = False
        self.alarm = Alarm()

    def take(self, descriptors: tuple[int, int, int]) -> None:
        """Own these, where there were none yet; before the start."""
        self._descriptors = descriptors

    def start(
        self, program: Program, args: tuple[str, ...], env: Mapping[str, str], root: str | None
    ) -> None:
        """Run ``program`` on a thread of its own."""
        self._started = True
        streams = [_Stream(self, fd) for fd in self._descriptors]
        call = Call(self, args, env, root, _as_text(*streams))
        name = f"fake {args[0]}" if args else "fake init"
        Thread(target=self._run, args=(program, call, streams), name=name, daemon=True).start()

    def fail(self, code: int) -> None:
        """End without having run: there is no such program."""
        self._close_descriptors()
        self._end(ExitStatus(code))

    def signal(self, number: int) -> None:
        """Send a signal; before the start it ends the task at once, if at all."""
        with self._changed:
            if self.exit.poll() is not None or number in _HARMLESS - self._handlers.keys():
                return
            if self._started:
                self._signals.append(number)
                self._tell()
                return
        self._close_descriptors()
        self._end(ExitStatus.killed(number))

    def trap(self, number: int, handler: Callable[[], None]) -> None:
        """Have a signal handled by the program; SIGKILL can't be."""
        if number != _KILL:
            self._handlers[number] = handler

    def pause(self) -> None:
        """Ask the program to stand still."""
        with self._changed:
            self._paused = True
            self._tell()

    def resume(self) -> None:
        """Let the program go on."""
        with self._changed:
            self._paused = False
            self._tell()

    def stands_still(self, timeout: float) -> bool:
        """Wait until the program does nothing any more; False if it still does."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._parked or not self._started or self.exit.poll() is not None, timeout
            )

    def sleep(self, seconds: float) -> None:
        """Sleep on the program's thread."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.check()
            self.alarm.wait(min(left, 86_400.0))
        self.check()

    def check(self) -> None:
        """Deliver what was sent, on the program's thread."""
        while (number := self._next_signal()) is not None:
            handler = self._handlers.get(number)
            if handler is None:
                raise Killed(number)
            handler()

    def _next_signal(self) -> int | None:
        with self._changed:
            self.alarm.quiet()
            while self._paused and _KILL not in self._signals:
                self._parked = True
                self._changed.notify_all()
                self._changed.wait()
            self._parked = False
            if _KILL in self._signals:
                return _KILL
            return self._signals.popleft() if self._signals else None

    def _tell(self) -> None:
        self.alarm.ring()
        self._changed.notify_all()

    def _run(self, program: Program, call: Call, streams: list[_Stream]) -> None:
        status = _outcome(program, call)
        for stream in streams:
            stream.abandon()
        self._end(status)

    def _end(self, status: ExitStatus) -> None:
        with self._changed:
            self.alarm.close()
        self._on_end()
        self.exit.resolve(status)
        with self._changed:
            self._changed.notify_all()

    def _close_descriptors(self) -> None:
        for fd in self._descriptors:
            os.close(fd)


class _Stream(io.RawIOBase):
    """A descriptor whose use can be interrupted by signals of the fake."""

    def __init__(self, task: Task, fd: int) -> None:
        self._task = task
        self._fd = fd
        self._abandoned = False

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        self._task.check()
        while not self._task.alarm.wait_to_read(self._fd):
            self._task.check()
        try:
            return self._task.alarm.read(self._fd, buffer)
        except OSError:
            return 0  # a terminal whose other side is closed

    def write(self, data: ReadableBuffer, /) -> int:
        view = memoryview(data)
        if self._abandoned:
            return len(view)
        written = 0
        while view and not written:
            self._task.check()
            if self._task.alarm.wait_to_write(self._fd):
                written = self._task.alarm.write(self._fd, view)
        return written

    def abandon(self) -> None:
        """Close the descriptor; what is still in buffers above is lost, as with any process."""
        self._abandoned = True
        os.close(self._fd)


def _as_text(stdin: _Stream, stdout: _Stream, stderr: _Stream) -> tuple[TextIO, TextIO, TextIO]:
    reading = io.TextIOWrapper(io.BufferedReader(stdin), encoding="utf-8")
    return reading, _writing(stdout), _writing(stderr)


def _writing(stream: _Stream) -> TextIO:
    writing = io.BufferedWriter(stream)
    return io.TextIOWrapper(writing, encoding="utf-8", newline="\n", line_buffering=True)


def _outcome(program: Program, call: Call) -> ExitStatus:
    try:
        code = _code(program, call)
        call.stdout.flush()
        call.stderr.flush()
        return ExitStatus(code & 0xFF)
    except Killed as killed:
        return ExitStatus.killed(killed.signal)
    except BrokenPipeError:
        return ExitStatus.killed(_PIPE)
    except MemoryError:
        return ExitStatus.killed(_KILL, Reason.OOM)


def _code(program: Program, call: Call) -> int:
    """Call the program, and make of its exceptions what the interpreter makes of them."""
    try:
        return program(call) or 0
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            print(leaving.code, file=call.stderr)
            return 1
        return leaving.code or 0
    except (BrokenPipeError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - whatever a program raises is its own
        traceback.print_exc(file=call.stderr)
        return 1
