"""Streams for runtimes that make pipes: the caller's end is a plain pipe, the other the relay's."""

from __future__ import annotations

import os

import pytest

from cloche.errors import NotSupported
from cloche.pipes import from_relay, to_relay
from cloche.relay import Relay
from cloche.stdio import Pipes, Size, StdioRequest, Streams, StreamTarget
from cloche_stdio.console import ConsoleDriver
from cloche_stdio.pipe import PipeDriver

PIPE = StreamTarget(driver="pipe")


def open_pipes(*, merge_stderr: bool = False) -> Streams:
    stderr = None if merge_stderr else PIPE
    return PipeDriver().open(
        StdioRequest(
            container="c",
            stdin=PIPE,
            stdout=PIPE,
            stderr=stderr,
            merge_stderr=merge_stderr,
            relayed=True,
        )
    )


def connect(streams: Streams, *, terminal: bool = False) -> tuple[int, int, int]:
    """Do what a runtime does; the program's ends."""
    stdin, ours_in = from_relay()
    (ours_out, stdout), (ours_err, stderr) = to_relay(), to_relay()
    relay = Relay()
    if terminal:
        os.close(stderr)
        streams.connect(Pipes(ours_in, ours_out, None, terminal=True), lambda: relay)
        relay.copy(ours_err, from_nobody()).result(5)
    else:
        streams.connect(Pipes(ours_in, ours_out, ours_err), lambda: relay)
    streams.release_ends()
    return stdin, stdout, stderr


def from_nobody() -> int:
    reading, writing = from_relay()
    os.close(reading)
    return writing


def read_all(fd: int | None) -> bytes:
    assert fd is not None
    with open(fd, "rb") as file:
        return file.read()


def test_all_three_go_through_and_end():
    streams = open_pipes()
    assert streams.ends == (None, None, None)
    stdin, stdout, stderr = connect(streams)
    assert streams.near[0] is not None
    os.write(streams.near[0], b"in")
    os.close(streams.near[0])
    assert read_all(stdin) == b"in"
    for fd, text in ((stdout, b"out"), (stderr, b"err")):
        os.write(fd, text)
        os.close(fd)
    assert [read_all(fd) for fd in streams.near[1:]] == [b"out", b"err"]
    drained = streams.drained()
    assert drained is not None
    drained.result(5)
    streams.close()


def test_stderr_may_go_where_stdout_goes():
    streams = open_pipes(merge_stderr=True)
    stdin, stdout, stderr = connect(streams)
    for fd, text in ((stdout, b"a"), (stderr, b"b")):
        os.write(fd, text)
        os.close(fd)
    assert sorted(read_all(streams.near[1])) == [*b"ab"]
    assert streams.near[2] is None
    streams.close()
    assert read_all(stdin) == b""
    os.close(streams.near[0] or -1)


def test_what_is_not_connected_is_closed():
    streams = open_pipes()
    streams.close()
    assert read_all(streams.near[1]) == b""
    assert read_all(streams.near[2]) == b""
    os.close(streams.near[0] or -1)


def test_a_console_has_both_ways_and_its_size():
    console = StreamTarget(driver="console")
    streams = ConsoleDriver().open(
        StdioRequest(
            container="c", stdin=console, stdout=console, stderr=None, terminal=Size(90, 20)
        )
    )
    assert streams.terminal == (90, 20)
    stdin, stdout, _ = connect(streams, terminal=True)
    assert streams.near[0] is not None
    os.write(streams.near[0], b"ls\r")
    assert os.read(stdin, 10) == b"ls\r"
    os.write(stdout, b"files\r\n")
    os.close(stdout)
    assert read_all(streams.near[1]) == b"files\r\n"
    streams.close()
    for fd in (streams.near[0], stdin):
        os.close(fd)


def test_a_console_without_a_terminal_is_refused():
    with pytest.raises(NotSupported, match="is for terminals"):
        ConsoleDriver().open(StdioRequest(container="c", stdin=PIPE, stdout=PIPE, stderr=None))
