"""The contract's own tests for stdio drivers."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from cloche.errors import InvalidState, NotFound, Unavailable
from cloche.relay import Relay
from cloche.runtime import BackendContext
from cloche.stdio import Pipes, StdioRequest, StreamTarget
from cloche.testing.lab import comes_true, descriptors, works_here
from cloche.testing.lab_streams import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloche.stdio import End, StdioDescriptor, Streams

__all__ = ["StdioSubject", "StdioSuite"]

_NAMES = ("stdin", "stdout", "stderr")


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


class Desk:
    """A stdio driver and the streams of one test."""

    def __init__(self, subject: StdioSubject, home: Path) -> None:
        works_here(subject.driver)
        self.subject = subject
        context = BackendContext(home=home / "driver", owner="cloche-conformance")
        self.driver = subject.driver.open(context)
        self._opened: list[Streams] = []

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

    def close(self) -> None:
        """Close what the test has left open."""
        for streams in self._opened:
            streams.close()
            for fd in streams.near:
                if fd is not None and _is_open(fd):
                    os.close(fd)


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
        assert all(map(_is_open, ends))
        streams.release_ends()
        assert not any(map(_is_open, ends))
        assert all(map(_is_open, near))

    def test_close_releases_what_remains(self, desk: Desk) -> None:
        """``close`` releases all but the caller's ends, never raises, and may be repeated."""
        streams = desk.all_three()
        for _ in range(2):
            streams.close()
        assert not any(_is_open(end) for end in streams.ends if isinstance(end, int))
        assert all(_is_open(fd) for fd in streams.near if fd is not None)

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
        (stdin, ours), (theirs, stdout), relay = os.pipe(), os.pipe(), Relay()
        streams.connect(Pipes(ours, theirs, None), lambda: relay)
        streams.release_ends()
        if (near := streams.near[0]) is not None:
            os.write(near, b"in")
            os.close(near)
        assert _read_all(stdin) == _expected(desk, b"in")
        os.write(stdout, b"out")
        os.close(stdout)
        drained = streams.drained()
        assert drained is not None
        drained.result(PATIENCE)
        assert _arrived(desk, streams, sink, 1) == _expected(desk, b"out")

    def test_to_close_connected_streams_stops_the_relay(self, desk: Desk) -> None:
        """After ``close`` no input is taken any more: the runtime's pipe ends."""
        streams = desk.open(stdin=desk.target(0))
        (stdin, ours), relay = os.pipe(), Relay()
        streams.connect(Pipes(ours, None, None), lambda: relay)
        streams.close()
        assert _read_all(stdin) == b""
        assert comes_true(lambda: not any(t.name == "cloche-relay" for t in threading.enumerate()))

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


def _is_open(fd: End) -> bool:
    return os.path.lexists(f"/proc/self/fd/{fd}")


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
