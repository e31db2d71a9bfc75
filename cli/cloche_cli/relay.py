"""Bytes between our terminal and a container's, both ways, on one thread."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os
import select
from threading import Thread
from typing import TYPE_CHECKING

from cloche_cli.signals import send

if TYPE_CHECKING:
    from typing import Any

    from cloche import Process

__all__ = ["Relay"]

_CHUNK = 65536
#: What terminals take for the end of input, unless told otherwise.
_END_OF_INPUT = b"\x04"
#: How often that is typed when our terminal has gone, and the milliseconds in between: a program
#: that sets up its terminal just then loses what was typed before.
_FAREWELLS, _PAUSE = 20, 250


class Relay:
    """Copies until the container's terminal is closed, or ``finish`` has drained it.

    Input never waits for the container to read it: its output would wait for us in turn. When our
    terminal has gone, or nobody reads our output any more, the process is told by SIGHUP and by an
    end of its input, and the rest of its output is thrown away.
    """

    def __init__(self, process: Process[Any], *, interactive: bool) -> None:
        assert process.stdout is not None
        self._process = process
        self._master = process.stdout.fileno()
        self._typed = b""
        self._watched = True
        self._reading = interactive
        self._farewells = 0
        self._finishing, self._finish = os.pipe()
        os.set_blocking(self._master, False)
        self._thread = Thread(target=self._copy, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """The process has ended: pass on what it has written, and stop."""
        os.close(self._finish)
        self._thread.join()
        os.close(self._finishing)

    def _copy(self) -> None:
        while self._step():
            pass

    def _step(self) -> bool:
        """Copy what is there to be copied; False when nothing will come any more."""
        ready = self._ready()
        if self._farewells and not ready:
            self._farewells -= 1
            self._typed = _END_OF_INPUT
        if 0 in ready:
            self._read_keys()
        if self._typed:
            self._type()
        if self._master in ready and not self._show():
            return False
        return self._finishing not in ready or self._master in ready

    def _ready(self) -> set[int]:
        poll = select.poll()
        poll.register(self._finishing, 0)
        poll.register(self._master, select.POLLIN | (select.POLLOUT if self._typed else 0))
        if self._reading and not self._typed:
            poll.register(0, select.POLLIN)
        return {descriptor for descriptor, _ in poll.poll(_PAUSE if self._farewells else None)}

    def _read_keys(self) -> None:
        try:
            self._typed = os.read(0, _CHUNK)
        except OSError:
            self._typed = b""
        if not self._typed:
            self._hang_up()

    def _type(self) -> None:
        try:
            self._typed = self._typed[os.write(self._master, self._typed) :]
        except BlockingIOError:
            return
        except OSError:
            self._typed = b""  # the other side is closed: _show notices

    def _show(self) -> bool:
        try:
            output = os.read(self._master, _CHUNK)
        except BlockingIOError:
            return True
        except OSError:  # EIO: no process has the terminal open any more
            return False
        if self._watched:
            self._write(output)
        return True

    def _write(self, output: bytes) -> None:
        try:
            while output:
                output = output[os.write(1, output) :]
        except OSError:  # EPIPE from a pipe, EIO from a terminal
            self._hang_up()

    def _hang_up(self) -> None:
        """Tell it in two ways: a shell that is just starting may put the signal off until a key."""
        self._watched = self._reading = False
        self._farewells = _FAREWELLS
        self._typed = _END_OF_INPUT
        send(self._process, "SIGHUP")
