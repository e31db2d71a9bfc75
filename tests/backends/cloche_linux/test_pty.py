"""A terminal whose master a runtime hands out is joined to what was asked for, both ways."""

from __future__ import annotations

import os
import pty
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from cloche.errors import NotSupported, Unavailable
from cloche.relay import Relay
from cloche.stdio import Pipes, Size, StdioRequest, Streams, StreamTarget
from cloche_linux.pty import PtyDriver, set_size

SIZE = Size(91, 33)


class Desk:
    """A terminal with a program at it, and streams that connect it."""

    def __init__(self, stdin: StreamTarget | None, stdout: StreamTarget | None) -> None:
        request = StdioRequest(
            container="c", stdin=stdin, stdout=stdout, stderr=None, terminal=SIZE
        )
        self.streams: Streams = PtyDriver().open(request)
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *command: str) -> None:
        """Do what a runtime does: make the terminal, start a program at it, hand out the master."""
        relay = Relay()
        master, slave = pty.openpty()
        self.streams.connect(Pipes(master, os.dup(master), None, terminal=True), lambda: relay)
        self.streams.release_ends()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)

    def close(self) -> None:
        self.streams.close()
        for fd in self.streams.near:
            if fd is not None:
                os.close(fd)
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()


@pytest.fixture
def desk() -> Iterator[Callable[..., Desk]]:
    before = len(os.listdir("/proc/self/fd"))
    desks: list[Desk] = []

    def make(stdin: StreamTarget | None = None, stdout: StreamTarget | None = None) -> Desk:
        desks.append(Desk(stdin, stdout))
        return desks[-1]

    yield make
    for each in desks:
        each.close()
    deadline = time.monotonic() + 5
    while len(os.listdir("/proc/self/fd")) != before and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(os.listdir("/proc/self/fd")) == before


def inherit(fd: int) -> StreamTarget:
    return StreamTarget(driver="inherit", argument=fd)


def read_all(fd: int) -> bytes:
    with open(fd, "rb") as file:
        return file.read()


class TestTheCallersOwn:
    def test_has_the_size_that_was_asked_for(self, desk) -> None:
        one = desk()
        one.run("stty", "size")
        assert os.read(one.streams.near[1], 100) == b"33 91\r\n"

    def test_what_is_typed_is_read_as_lines_and_output_comes_back(self, desk) -> None:
        one = desk()
        one.run("sh", "-c", "stty -echo; echo ready; read line; echo got $line")
        assert os.read(one.streams.near[1], 100) == b"ready\r\n"
        os.write(one.streams.near[0], b"hello\n")
        assert os.read(one.streams.near[1], 100) == b"got hello\r\n"

    def test_the_end_is_eio(self, desk) -> None:
        one = desk()
        one.run("true")
        with pytest.raises(OSError, match="Input/output error"):
            os.read(one.streams.near[1], 100)

    def test_no_thread_is_needed_and_nothing_is_on_its_way(self, desk) -> None:
        one = desk()
        one.run("true")
        assert one.streams.drained() is None


class TestRelayed:
    """Both ways are joined to descriptors, as a command line's own."""

    def test_output_arrives_in_full_and_then_ends(self, desk) -> None:
        reading, writing = os.pipe()
        one = desk(StreamTarget(driver="null"), inherit(writing))
        os.close(writing)
        one.run("sh", "-c", "seq 100000; echo error >&2")
        output = read_all(reading)
        assert output == b"".join(b"%d\r\n" % n for n in range(1, 100_001)) + b"error\r\n"
        one.streams.drained().result(5)

    @pytest.mark.parametrize(
        ("typed", "seen"), [(b"a\nb\n", b"a\nb\n"), (b"a\nb", b"a\nb"), (b"", b"")]
    )
    def test_the_end_of_input_is_seen_by_who_reads_lines(
        self, desk, tmp_path, typed: bytes, seen: bytes
    ) -> None:
        source, typing = os.pipe()
        reading, writing = os.pipe()
        one = desk(inherit(source), inherit(writing))
        os.close(source)
        os.close(writing)
        one.run("sh", "-c", f"stty -echo; cat >{tmp_path}/seen")
        os.write(typing, typed)
        os.close(typing)
        assert one.process.wait(5) == 0
        assert (tmp_path / "seen").read_bytes() == seen
        read_all(reading)

    def test_in_raw_mode_the_end_of_input_types_nothing(self, desk) -> None:
        source, typing = os.pipe()
        reading, writing = os.pipe()
        one = desk(inherit(source), inherit(writing))
        os.close(source)
        os.close(writing)
        one.run("sh", "-c", "stty raw -echo; echo ready; exec cat")
        assert os.read(reading, 100) == b"ready\n"
        os.write(typing, b"x")
        os.close(typing)
        assert os.read(reading, 100) == b"x"
        with pytest.raises(subprocess.TimeoutExpired):
            one.process.wait(0.2)
        one.process.kill()
        assert read_all(reading) == b""

    def test_when_the_program_ends_no_more_input_is_taken(self, desk) -> None:
        source, typing = os.pipe()
        reading, writing = os.pipe()
        one = desk(inherit(source), inherit(writing))
        os.close(writing)
        one.run("true")
        read_all(reading)
        one.streams.drained().result(5)
        os.write(typing, b"for the shell")
        time.sleep(0.05)
        assert os.read(source, 100) == b"for the shell"
        for fd in (source, typing):
            os.close(fd)

    def test_a_reader_that_went_away_does_not_hold_up_the_program(self, desk) -> None:
        reading, writing = os.pipe()
        one = desk(StreamTarget(driver="null"), inherit(writing))
        os.close(writing)
        os.close(reading)
        one.run("sh", "-c", "seq 100000; exit 3")
        assert one.process.wait(5) == 3


class TestRefused:
    def test_streams_that_are_no_terminal(self) -> None:
        request = StdioRequest(container="c", stdin=None, stdout=None, stderr=None)
        with pytest.raises(NotSupported, match="for terminals"):
            PtyDriver().open(request)

    def test_targets_that_no_terminal_can_have(self, desk) -> None:
        with pytest.raises(NotSupported, match="file"):
            desk(inherit(0), StreamTarget(driver="file", argument="/tmp/x"))

    def test_descriptors_that_are_not_open(self, desk) -> None:
        with pytest.raises(Unavailable, match="987"):
            desk(inherit(0), inherit(987))


def test_closing_before_a_terminal_came_leaves_nothing(desk) -> None:
    desk(inherit(0), inherit(1)).streams.close()


def test_a_new_size_is_told_to_the_program(desk) -> None:
    one = desk()
    one.run(
        "setsid",
        "-cw",
        "sh",
        "-c",
        "stty -echo; trap 'stty size; exit' WINCH; echo ready; read line",
    )
    assert os.read(one.streams.near[1], 100) == b"ready\r\n"
    set_size(one.streams.near[0], 120, 50)
    assert os.read(one.streams.near[1], 100) == b"50 120\r\n"
