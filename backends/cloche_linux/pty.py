"""The stdio driver ``pty``: a terminal that the runtime made, connected to whatever was asked for.

The runtime makes the terminal in the container's own devpts and hands out its master. The caller
gets that as it is, or the relay joins it to descriptors of the caller's.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from typing import TYPE_CHECKING

from cloche.errors import NotSupported, Unavailable
from cloche.stdio import StdioDriver, Streams

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from cloche.relay import Relay
    from cloche.stdio import Pipes, Size, StdioRequest, StreamTarget

__all__ = ["PtyDriver", "set_size"]


def set_size(fd: int, width: int, height: int) -> None:
    """Set a terminal's size in characters; its foreground processes get SIGWINCH."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


class PtyDriver(StdioDriver):
    """Connects terminals.

    Each of stdin and stdout is the caller's to write and read if nothing is said of it (or
    ``pipe``), or comes from and goes to a descriptor (``inherit``), or is nothing (``null``). There
    is no stderr: it goes where stdout goes. Raw mode of the caller's terminal is the caller's.
    """

    def open(self, request: StdioRequest) -> Streams:
        """Open the caller's side; the terminal comes with ``connect``."""
        if request.terminal is None:
            raise NotSupported("the driver pty is for terminals", backend="pty", operation="open")
        source = _open(0, request.stdin)
        try:
            target = _open(1, request.stdout)
        except BaseException:
            _close(source)
            raise
        return TerminalStreams(source, target, request.terminal)


class TerminalStreams(Streams):
    """The caller's side of one terminal.

    When relayed input ends, the terminal's end-of-file character is typed if a program reads lines
    just then, so that it sees the end; a program in raw mode can't be told. The caller who has the
    master types it themselves, and reads EIO at the end (pty(7)). When nobody takes the output any
    more it is thrown away, so that the program is not held up.
    """

    def __init__(self, source: int | None, target: int | None, terminal: Size) -> None:
        self.terminal = terminal
        self._ours: tuple[int | None, int | None] = source, target
        self._input: Future[None] | None = None
        self._output: Future[None] | None = None

    def connect(self, pipes: Pipes, relay: Callable[[], Relay]) -> None:
        """Give the terminal's master to the caller, or relay; ``near`` is known from now."""
        if pipes.stdin is None or pipes.stdout is None or self.terminal is None:
            raise NotSupported("a terminal has both ways", backend="pty", operation="connect")
        set_size(pipes.stdin, *self.terminal)
        source, target = self._ours
        self._ours = None, None
        if source is not None and target is not None:
            os.set_blocking(pipes.stdin, False)  # one file, so for both; and nobody else's
        self.near = pipes.stdin if source is None else None, None, None
        if target is None:
            self.near = self.near[0], pipes.stdout, None
        else:
            self._output = relay().copy(pipes.stdout, target, drain=True)
        if source is not None:
            self._relay_input(relay(), source, pipes.stdin)

    def _relay_input(self, relay: Relay, source: int, master: int) -> None:
        following = self._input = relay.copy(
            source, master, trailer=lambda last: _end_of_file(master, last)
        )
        if self._output is not None:  # the program is gone: take no more of the caller's input
            self._output.add_done_callback(lambda _: following.cancel())

    def release_ends(self) -> None:
        """Do nothing: the container's ends are the runtime's."""

    def drained(self) -> Future[None] | None:
        """Done when the last process has closed the terminal and its output has arrived."""
        if self._output is None:
            return None
        from cloche.relay import all_done

        return all_done([self._output])

    def close(self) -> None:
        """Disconnect, with the loss of output that is on its way."""
        _close(*self._ours)
        self._ours = None, None
        for way in (self._input, self._output):
            if way is not None:
                way.cancel()


def _open(number: int, target: StreamTarget | None) -> int | None:
    """Open what one way is to be joined to; None if the caller gets the terminal itself."""
    if target is None or target.driver in {"pty", "pipe"}:
        return None
    if target.driver == "null":
        return os.open(os.devnull, os.O_RDWR)
    if target.driver == "inherit":
        return _duplicate(target.argument if isinstance(target.argument, int) else number)
    raise NotSupported(
        f"a terminal can't be connected to the stdio driver {target.driver}",
        hint="give it a pipe or a descriptor, or do without a terminal",
        backend="pty",
        operation="open",
    )


def _duplicate(fd: int) -> int:
    try:
        return os.dup(fd)
    except OSError as error:
        raise Unavailable(
            f"descriptor {fd} is not open in this process", backend="pty", operation="open"
        ) from error


def _close(*descriptors: int | None) -> None:
    for fd in descriptors:
        if fd is not None:
            os.close(fd)


def _end_of_file(master: int, last: bytes) -> bytes:
    """Say what to type so that a reader of lines sees the end: twice within a line."""
    try:
        attributes = termios.tcgetattr(master)
    except termios.error:  # the terminal is gone
        return b""
    if not attributes[3] & termios.ICANON:
        return b""
    character: bytes = attributes[6][termios.VEOF]
    return character if last[-1:] in b"\r\n" else 2 * character
