"""The contract's own tests for stdio drivers."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from cloche.errors import InvalidState, NotFound, Unavailable
from cloche.testing.lab import comes_true
from cloche.testing.lab_platform import descriptors, is_open
from cloche.testing.lab_streams import PATIENCE
from cloche.testing.stdio_desk import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloche.stdio import End, Streams, StreamTarget
    from cloche.testing.stdio_desk import StdioSubject

__all__ = ["StdioSuite"]

_NAMES = ("stdin", "stdout", "stderr")


class StdioSuite:
    """Derive, and say in ``subject`` what is to be tested.

    For drivers whose forms are descriptors or paths; terminals are tested through runtimes. Each
    test's docstring is a sentence of the contract.
    """

    def subject(self, home: Path) -> StdioSubject:
        """Make the subject; ``home`` is an empty directory of the test's."""
        raise NotImplementedError

    @pytest.fixture
    def desk(self, tmp_path: Path) -> Iterator[Desk]:
        """A driver, whose streams are closed after the test."""
        desk = Desk(self.subject(tmp_path), tmp_path)
        yield desk
        desk.close()

    @pytest.mark.parametrize("number", [0, 1, 2], ids=_NAMES)
    def test_only_what_is_asked_for_is_opened(self, desk: Desk, number: int) -> None:
        """A driver opens the streams it is asked for, in a form that it declares, and no others."""
        streams = desk.only(number, desk.target(number))
        forms = {"fd" if isinstance(e, int) else "path" for e in streams.ends if e is not None}
        assert forms <= desk.subject.driver.forms
        assert [end is not None for end in streams.ends] == [n == number for n in range(3)]

    @pytest.mark.parametrize("number", [1, 2], ids=_NAMES[1:])
    def test_what_is_written_arrives(self, desk: Desk, number: int) -> None:
        """What the container writes arrives where it was asked to go, and then ends."""
        sink = desk.target(number)
        streams = desk.only(number, sink)
        _write(streams.ends[number], b"out")
        streams.release_ends()
        assert _arrived(desk, streams, sink, number) == _expected(desk, b"out")

    def test_what_is_given_is_read_and_then_ends(self, desk: Desk) -> None:
        """The container reads what it is given, and then the end."""
        streams = desk.open(stdin=desk.subject.source(b"in") or desk.target(0))
        if (near := streams.near[0]) is not None:
            os.write(near, b"in")
            os.close(near)
        assert _read_all(streams.ends[0]) == _expected(desk, b"in")

    def test_stderr_may_go_where_stdout_goes(self, desk: Desk) -> None:
        """With ``merge_stderr`` both arrive where stdout goes, in order."""
        sink = desk.target(1)
        streams = desk.open(stdout=sink, merge_stderr=True)
        for number, text in ((1, b"a"), (2, b"b"), (1, b"c")):
            _write(streams.ends[number], text)
        streams.release_ends()
        assert _arrived(desk, streams, sink, 1) == _expected(desk, b"abc")

    def test_the_containers_ends_are_released(self, desk: Desk) -> None:
        """``release_ends`` closes our copies of the container's ends, and none of the caller's."""
        streams = desk.all_three()
        ends = [end for end in streams.ends if isinstance(end, int)]
        near = [fd for fd in streams.near if fd is not None]
        assert all(map(is_open, ends))
        streams.release_ends()
        assert not any(map(is_open, ends))
        assert all(map(is_open, near))

    def test_close_releases_what_remains(self, desk: Desk) -> None:
        """``close`` releases all but the caller's ends, never raises, and may be repeated."""
        streams = desk.all_three()
        for _ in range(2):
            streams.close()
        assert not any(is_open(end) for end in streams.ends if isinstance(end, int))
        assert all(is_open(fd) for fd in streams.near if fd is not None)

    def test_nothing_is_kept(self, desk: Desk) -> None:
        """After any number of streams there is no descriptor more."""
        targets = [desk.target(number) for number in range(3)]
        before = descriptors()
        for _ in range(5):
            streams = desk.open(targets[0], targets[1], targets[2])
            streams.release_ends()
            streams.close()
            for fd in streams.near:
                if fd is not None:
                    os.close(fd)
        assert descriptors() == before

    def test_no_program_inherits_them(self, desk: Desk) -> None:
        """No end is inherited by programs that this process starts for other reasons."""
        streams = desk.all_three()
        held = [fd for fd in (*streams.ends, *streams.near) if isinstance(fd, int)]
        assert not any(map(os.get_inheritable, held))

    def test_the_container_gets_ends_that_block(self, desk: Desk) -> None:
        """The container's ends wait, as any program expects of its standard streams."""
        ends = [end for end in desk.all_three().ends if isinstance(end, int)]
        if sys.platform != "win32":  # no descriptor there does anything else
            assert all(map(os.get_blocking, ends))

    def test_nothing_is_on_its_way_without_a_relay(self, desk: Desk) -> None:
        """Ends that are handed on need no thread, and nothing of them is on its way."""
        before = threading.active_count()
        streams = desk.all_three()
        streams.release_ends()
        drained = streams.drained()
        assert drained is None or drained.done()
        assert threading.active_count() == before

    def test_pipes_of_a_runtime_are_connected(self, desk: Desk) -> None:
        """What a runtime's own pipes bring and take is the same, and ``drained`` says when."""
        source, sink = desk.subject.source(b"in") or desk.target(0), desk.target(1)
        streams = desk.open(stdin=source, stdout=sink)
        program = desk.connect(streams)
        streams.release_ends()
        if (near := streams.near[0]) is not None:
            os.write(near, b"in")
            os.close(near)
        assert _read_all(program.stdin.fileno()) == _expected(desk, b"in")
        program.stdout.write(b"out")
        program.stdout.close()
        drained = streams.drained()
        assert drained is not None
        drained.result(PATIENCE)
        assert _arrived(desk, streams, sink, 1) == _expected(desk, b"out")

    def test_to_close_connected_streams_stops_the_relay(self, desk: Desk) -> None:
        """After ``close`` no input is taken any more: the runtime's pipe ends."""
        before = threading.active_count()
        streams = desk.open(stdin=desk.target(0), stdout=desk.target(1))
        program = desk.connect(streams)
        streams.close()
        assert _read_all(program.stdin.fileno()) == b""
        program.stdout.close()
        assert comes_true(lambda: threading.active_count() <= before)

    @pytest.mark.parametrize("number", [0, 1, 2], ids=_NAMES)
    def test_what_cannot_be_opened_leaves_nothing(self, desk: Desk, number: int) -> None:
        """What can't be opened is NotFound or Unavailable; what was opened before is closed."""
        wrong = desk.subject.wrong()
        if wrong is None:
            return
        targets = [desk.target(n) for n in range(3)]
        targets[number] = wrong
        before = descriptors()
        with pytest.raises((NotFound, Unavailable)):
            desk.open(targets[0], targets[1], targets[2])
        assert descriptors() == before

    def test_streams_are_found_again_or_have_died(self, desk: Desk) -> None:
        """``reopen`` opens what an earlier process had opened, or raises InvalidState."""
        info = desk.all_three().info
        with suppress(InvalidState):
            desk.driver.reopen(info).close()


def _expected(desk: Desk, data: bytes) -> bytes:
    return b"" if desk.subject.is_nothing else data


def _write(end: End, data: bytes) -> None:
    assert end is not None
    if isinstance(end, int):
        os.write(end, data)
        return
    with open(end, "ab", buffering=0) as file:
        file.write(data)


def _read_all(end: End) -> bytes:
    assert end is not None
    pieces = []
    fd = os.dup(end) if isinstance(end, int) else os.open(end, os.O_RDONLY)
    with open(fd, "rb") as file:
        while piece := file.read(1 << 16):
            pieces.append(piece)
    return b"".join(pieces)


def _arrived(desk: Desk, streams: Streams, sink: StreamTarget, number: int) -> bytes:
    near = streams.near[number]
    if near is not None:
        return _read_all(near)
    return b"" if desk.subject.is_nothing else desk.subject.arrived(sink)
