"""Bytes between our console and a container's on Windows: a thread for each way."""

from __future__ import annotations

import sys

assert sys.platform == "win32"

import os
from threading import Thread
from typing import TYPE_CHECKING

from cloche_cli.console import read_keys

if TYPE_CHECKING:
    from typing import IO, Any

    from cloche import Process

__all__ = ["Relay"]

_CHUNK = 65536
#: Seconds that output gets to arrive when the process has ended.
_LAST = 1.0


class Relay:
    """Copies until the container's terminal is closed, or ``finish`` has drained it.

    When nobody reads our output any more the process is told by SIGHUP, and the rest is thrown
    away.
    """

    def __init__(self, process: Process[Any], *, interactive: bool) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._watched = True
        self._showing = Thread(target=self._show, args=(process.stdout,), daemon=True)
        self._showing.start()
        if interactive:
            Thread(target=_type, args=(process.stdin,), daemon=True).start()

    def finish(self) -> None:
        """The process has ended: pass on what it has written, and stop."""
        self._showing.join(_LAST)

    def _show(self, output: IO[Any]) -> None:
        while piece := _read(output.fileno()):
            if self._watched:
                self._write(piece)

    def _write(self, piece: bytes) -> None:
        try:
            while piece:
                piece = piece[os.write(1, piece) :]
        except OSError:
            self._watched = False
            self._process.kill("SIGHUP")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK)
    except OSError:  # closed meanwhile
        return b""


def _type(input: IO[Any]) -> None:
    """Until the container takes no more; the last read ends with this program."""
    try:
        while keys := read_keys():
            os.write(input.fileno(), keys)
    except (OSError, ValueError):
        return
