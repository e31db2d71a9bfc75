"""One thread copies all streams: in full, to the end, and none held up by another."""

from __future__ import annotations

import os
import pty
import random
import socket
import subprocess
import sys
import termios
import threading
import time
import tty
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import pytest

from cloche.errors import BackendError
from cloche.relay import Relay, all_done, shared_relay

LOTS = random.Random(1).randbytes(3_000_000)


@pytest.fixture
def relay() -> Relay:
    return Relay()


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    before = descriptors()
    yield
    assert comes_true(lambda: descriptors() == before), (before, descriptors())


def descriptors() -> set[str]:
    held = set(os.listdir("/proc/self/fd"))
    return {fd for fd in held if os.path.lexists(f"/proc/self/fd/{fd}")}


def comes_true(condition, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def feed(fd: int, data: bytes = LOTS) -> None:
    """Write all of ``data`` from a thread, then close."""

    def write() -> None:
        with open(fd, "wb") as file:
            file.write(data)

    threading.Thread(target=write).start()


def feed_forever(fd: int) -> None:
    while True:
        os.write(fd, b"x" * 1000)


def read_all(fd: int) -> bytes:
    with open(fd, "rb") as file:
        return file.read()


def raw_terminal() -> tuple[int, int]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    return master, slave


class TestKinds:
    """Whatever the two ends are, all comes through in order, then the end."""

    @pytest.mark.parametrize("make", ["pipe", "socket", "file"])
    @pytest.mark.parametrize("blocking", [True, False])
    def test_from_pipe(self, relay: Relay, make: str, blocking: bool, tmp_path: Path) -> None:
        source, feeding = os.pipe()
        target, result = self.target(make, tmp_path)
        os.set_blocking(source, blocking)
        os.set_blocking(target, blocking)
        done = relay.copy(source, target)
        feed(feeding)
        assert result() == LOTS
        done.result(5)

    @pytest.mark.parametrize("make", ["pipe", "socket", "file"])
    def test_from_socket(self, relay: Relay, make: str, tmp_path: Path) -> None:
        ours, theirs = socket.socketpair()
        target, result = self.target(make, tmp_path)
        done = relay.copy(ours.detach(), target)
        feed(theirs.detach())
        assert result() == LOTS
        done.result(5)

    @pytest.mark.parametrize("make", ["pipe", "socket", "file"])
    def test_from_file(self, relay: Relay, make: str, tmp_path: Path) -> None:
        (tmp_path / "source").write_bytes(LOTS)
        target, result = self.target(make, tmp_path)
        done = relay.copy(os.open(tmp_path / "source", os.O_RDONLY), target)
        assert result() == LOTS
        done.result(5)

    @pytest.mark.parametrize("make", ["pipe", "socket", "file"])
    def test_from_terminal(self, relay: Relay, make: str, tmp_path: Path) -> None:
        """A master ends when the last slave is closed, with EIO, which is no error."""
        master, slave = raw_terminal()
        target, result = self.target(make, tmp_path)
        done = relay.copy(master, target)
        feed(slave)
        assert result() == LOTS
        done.result(5)

    def test_to_terminal(self, relay: Relay) -> None:
        source, feeding = os.pipe()
        master, slave = raw_terminal()
        done = relay.copy(source, slave)
        feed(feeding)
        got = b""
        while len(got) < len(LOTS):
            got += os.read(master, 1 << 16)
        done.result(5)
        os.close(master)
        assert got == LOTS

    def test_to_an_appended_file(self, relay: Relay, tmp_path: Path) -> None:
        """Such a file can't be spliced to."""
        (tmp_path / "log").write_bytes(b"before ")
        source, feeding = os.pipe()
        done = relay.copy(source, os.open(tmp_path / "log", os.O_WRONLY | os.O_APPEND))
        feed(feeding)
        done.result(5)
        assert (tmp_path / "log").read_bytes() == b"before " + LOTS

    def target(self, kind: str, tmp_path: Path):
        """Make a descriptor, and what gives all that went into it once it has ended."""
        if kind == "pipe":
            reading, writing = os.pipe()
            return writing, lambda: read_all(reading)
        if kind == "socket":
            theirs, ours = socket.socketpair()
            return ours.detach(), lambda: read_all(theirs.detach())
        path = tmp_path / "target"
        writing = os.open(path, os.O_WRONLY | os.O_CREAT)
        return (
            writing,
            lambda: comes_true(lambda: path.stat().st_size == len(LOTS)) and path.read_bytes(),
        )


class TestEnds:
    def test_what_has_ended_before_ends_at_once(self, relay: Relay) -> None:
        source, feeding = os.pipe()
        os.close(feeding)
        reading, writing = os.pipe()
        relay.copy(source, writing).result(5)
        assert read_all(reading) == b""

    def test_a_broken_target_closes_the_source_so_that_its_writer_learns(
        self, relay: Relay
    ) -> None:
        source, feeding = os.pipe()
        reading, writing = os.pipe()
        done = relay.copy(source, writing)
        os.close(reading)
        os.write(feeding, b"x")
        done.result(5)
        with pytest.raises(BrokenPipeError):
            os.write(feeding, b"x")
        os.close(feeding)

    @pytest.mark.parametrize("kind", ["pipe", "socket"])
    def test_a_broken_target_with_drain_lets_the_source_go_on_to_its_end(
        self, relay: Relay, kind: str
    ) -> None:
        source, feeding = os.pipe()
        if kind == "pipe":
            reading, writing = os.pipe()
        else:
            reading, writing = (end.detach() for end in socket.socketpair())
        done = relay.copy(source, writing, drain=True)
        os.close(reading)
        with open(feeding, "wb") as file:
            file.write(LOTS)
            assert not done.done()
        done.result(5)

    def test_a_target_broken_before_it_begins_is_no_different(self, relay: Relay) -> None:
        """Its write end can't be opened anew then."""
        source, feeding = os.pipe()
        reading, writing = os.pipe()
        os.close(reading)
        done = relay.copy(source, writing, drain=True)
        feed(feeding)
        assert done.result(5) is None

    def test_sigpipe_never_comes_even_if_the_program_wants_it(self) -> None:
        script = """if True:
            import os, signal
            from cloche.relay import shared_relay
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            source, feeding = os.pipe()
            reading, writing = os.pipe()
            os.close(reading)
            os.write(feeding, b"x")
            shared_relay().copy(source, writing).result(5)
            print("alive")
        """
        run = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=20)
        assert (run.returncode, run.stdout, run.stderr) == (0, b"alive\n", b"")

    def test_half_close_tells_a_sockets_reader_though_the_other_way_goes_on(
        self, relay: Relay
    ) -> None:
        ours, theirs = socket.socketpair()
        source, feeding = os.pipe()
        done = relay.copy(source, os.dup(ours.fileno()), half_close=True)
        feed(feeding, b"question")
        with theirs, ours:
            assert theirs.recv(100) == b"question"
            assert theirs.recv(100) == b""
            done.result(5)
            theirs.sendall(b"answer")
            assert ours.recv(100) == b"answer"

    def test_a_trailer_sees_the_last_piece_and_comes_after_it(self, relay: Relay) -> None:
        source, feeding = os.pipe()
        reading, writing = os.pipe()
        relay.copy(source, writing, trailer=lambda last: b"<" + last[-1:] + b">")
        feed(feeding, b"abc")
        assert read_all(reading) == b"abc<c>"

    def test_an_error_is_the_futures_and_names_the_number(self, relay: Relay) -> None:
        source, feeding = os.pipe()
        os.write(feeding, b"x")
        done = relay.copy(source, os.open("/dev/full", os.O_WRONLY))
        error = done.exception(5)
        assert isinstance(error, BackendError)
        assert error.errno == 28
        os.close(feeding)

    def test_to_cancel_ends_the_copying_and_closes_both(self, relay: Relay) -> None:
        source, feeding = os.pipe()
        reading, writing = os.pipe()
        done = relay.copy(source, writing)
        assert done.cancel()
        assert read_all(reading) == b""
        with pytest.raises(BrokenPipeError):
            feed_forever(feeding)
        os.close(feeding)


class TestBackPressure:
    def test_a_target_that_takes_nothing_holds_up_no_other_and_burns_nothing(
        self, relay: Relay
    ) -> None:
        stuck_source, stuck_feeding = os.pipe()
        stuck_reading, stuck_writing = os.pipe()
        stuck = relay.copy(stuck_source, stuck_writing)
        feed(stuck_feeding)
        assert comes_true(lambda: fill(stuck_reading) == 65536)
        source, feeding = os.pipe()
        reading, writing = os.pipe()
        relay.copy(source, writing)
        feed(feeding)
        assert read_all(reading) == LOTS
        before = time.process_time()
        time.sleep(0.3)
        assert time.process_time() - before < 0.1
        assert not stuck.done()
        assert read_all(stuck_reading) == LOTS
        stuck.result(5)

    def test_a_source_that_has_hung_up_while_its_target_is_full_burns_nothing(
        self, relay: Relay
    ) -> None:
        source, feeding = os.pipe()
        reading, writing = os.pipe()
        relay.copy(source, writing)
        os.write(feeding, b"x" * 65536)
        assert comes_true(lambda: fill(reading) == 65536)
        os.write(feeding, b"y" * 1000)
        os.close(feeding)
        before = time.process_time()
        time.sleep(0.3)
        assert time.process_time() - before < 0.1
        assert len(read_all(reading)) == 66536

    def test_a_terminal_that_is_stopped_holds_up_no_other(self, relay: Relay) -> None:
        source, feeding = os.pipe()
        master, slave = raw_terminal()
        stuck = relay.copy(source, slave)
        feed(feeding, LOTS[:200_000])
        time.sleep(0.1)
        other, other_feeding = os.pipe()
        reading, writing = os.pipe()
        relay.copy(other, writing)
        feed(other_feeding)
        assert read_all(reading) == LOTS
        got = 0
        while got < 200_000:
            got += len(os.read(master, 1 << 16))
        stuck.result(5)
        os.close(master)

    def test_a_hundred_streams_need_one_thread(self, relay: Relay) -> None:
        before = threading.active_count()
        pairs = []
        for _ in range(100):
            source, feeding = os.pipe()
            reading, writing = os.pipe()
            relay.copy(source, writing)
            pairs.append((feeding, reading))
        assert threading.active_count() == before + 1
        for number, (feeding, reading) in enumerate(pairs):
            os.write(feeding, b"%d" % number)
            os.close(feeding)
            assert read_all(reading) == b"%d" % number


class TestManners:
    def test_no_flag_of_a_file_that_others_hold_is_changed(self, relay: Relay) -> None:
        source, feeding = os.pipe()
        reading, writing = os.pipe()
        kept = os.dup(source), os.dup(writing)
        relay.copy(source, writing)
        feed(feeding, b"x")
        assert os.read(reading, 1) == b"x"
        assert [os.get_blocking(fd) for fd in kept] == [True, True]
        for fd in (*kept, reading):
            os.close(fd)

    def test_what_another_reader_of_the_same_pipe_takes_is_no_trouble(self, relay: Relay) -> None:
        source, feeding = os.pipe()
        other = os.dup(source)
        os.set_blocking(other, False)
        reading, writing = os.pipe()
        done = relay.copy(source, writing)
        for _ in range(300):
            os.write(feeding, b"x")
            with suppress(BlockingIOError):
                os.read(other, 1)
        os.close(feeding)
        os.close(other)
        read_all(reading)  # a pipe is full of sixteen pieces, were they of one byte each
        done.result(5)

    def test_the_thread_ends_with_the_last_copy(self, relay: Relay) -> None:
        source, feeding = os.pipe()
        reading, writing = os.pipe()
        relay.copy(source, writing)
        assert "cloche-relay" in thread_names()
        os.close(feeding)
        read_all(reading)
        assert comes_true(lambda: "cloche-relay" not in thread_names())

    def test_a_process_with_a_copy_under_way_ends_at_once(self) -> None:
        script = (
            "import os; from cloche.relay import shared_relay\n"
            "shared_relay().copy(os.pipe()[0], os.pipe()[1]); print('over')"
        )
        run = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=20)
        assert (run.returncode, run.stdout, run.stderr) == (0, b"over\n", b"")

    def test_there_is_one_for_the_process(self) -> None:
        assert shared_relay() is shared_relay()


def fill(fd: int) -> int:
    """How many bytes wait in a pipe."""
    import array
    import fcntl

    waiting = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, waiting)
    return waiting[0]


def thread_names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


class TestAllDone:
    def test_is_done_when_all_are(self) -> None:
        parts: list[Future[None]] = [Future(), Future()]
        combined = all_done(parts)
        parts[1].set_result(None)
        assert not combined.done()
        parts[0].set_result(None)
        assert combined.result(0) is None

    def test_has_the_first_error(self) -> None:
        parts: list[Future[None]] = [Future(), Future()]
        combined = all_done(parts)
        parts[1].set_exception(BackendError("lost"))
        parts[0].set_result(None)
        assert isinstance(combined.exception(0), BackendError)

    def test_of_nothing_is_done(self) -> None:
        assert all_done([]).done()

    def test_to_cancel_it_cancels_no_part(self) -> None:
        part: Future[None] = Future()
        all_done([part]).cancel()
        assert not part.cancelled()
        part.set_result(None)
