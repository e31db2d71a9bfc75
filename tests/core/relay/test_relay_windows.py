"""One thread copies all streams between HANDLEs: in full, to the end, none held up by another."""

from __future__ import annotations

import _winapi
import ctypes
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from cloche.errors import BackendError
from cloche.pipes import from_relay, relayable, to_relay
from cloche.relay import Relay, shared_relay

LOTS = random.Random(1).randbytes(3_000_000)


@pytest.fixture
def relay() -> Relay:
    return Relay()


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    Relay().copy(plain_source(b""), null()).result(5)  # what is loaded once is loaded now
    before = handles()
    yield
    assert comes_true(lambda: handles() <= before), (before, handles())


def handles() -> int:
    count = ctypes.c_ulong()
    ctypes.windll.kernel32.GetProcessHandleCount(ctypes.c_void_p(-1), ctypes.byref(count))
    return count.value


def comes_true(condition, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def feed(fd: int, data: bytes = LOTS) -> None:
    """Write all of ``data`` from a thread, then close."""

    def write() -> None:
        with open(fd, "wb", buffering=0) as file:
            left = memoryview(data)
            while left:
                left = left[file.write(left[:30_000]) :]

    threading.Thread(target=write).start()


def read_all(fd: int) -> bytes:
    with open(fd, "rb") as file:
        return file.read()


def null() -> int:
    return handle_of(os.open(os.devnull, os.O_RDWR))


def handle_of(fd: int) -> int:
    """Make a HANDLE of a descriptor and close that."""
    made = relayable(fd)
    os.close(fd)
    return made


def plain_source(data: bytes) -> int:
    """An anonymous pipe with something in it."""
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    return handle_of(reading)


def anonymous() -> tuple[int, int]:
    reading, writing = os.pipe()
    return reading, handle_of(writing)


class TestKinds:
    """Whatever the two ends are, all comes through in order, then the end."""

    @pytest.mark.parametrize("source", ["named", "anonymous", "socket"])
    @pytest.mark.parametrize("target", ["named", "anonymous", "socket", "file"])
    def test_everything_arrives(self, relay: Relay, source: str, target: str, tmp_path) -> None:
        reading, feeding = self.source(source)
        writing, result = self.target(target, tmp_path)
        done = relay.copy(reading, writing)
        feeding()
        assert result() == LOTS
        done.result(5)

    def test_from_a_file(self, relay: Relay, tmp_path) -> None:
        (tmp_path / "source").write_bytes(LOTS)
        reading, writing = from_relay()
        source = os.open(tmp_path / "source", os.O_RDONLY | os.O_BINARY)
        done = relay.copy(handle_of(source), writing)
        assert read_all(reading) == LOTS
        done.result(5)

    def source(self, kind: str):
        if kind == "named":
            reading, writing = to_relay()
            return reading, lambda: feed(writing)
        if kind == "anonymous":
            reading, writing = os.pipe()
            return handle_of(reading), lambda: feed(writing)
        ours, theirs = socket.socketpair()

        def send() -> None:
            with theirs:
                theirs.sendall(LOTS)

        return ours.detach(), lambda: threading.Thread(target=send).start()

    def target(self, kind: str, tmp_path):
        if kind == "named":
            reading, writing = from_relay()
            return writing, lambda: read_all(reading)
        if kind == "anonymous":
            reading, writing = os.pipe()
            return handle_of(writing), lambda: read_all(reading)
        if kind == "socket":
            ours, theirs = socket.socketpair()

            def receive() -> bytes:
                with theirs, theirs.makefile("rb") as file:
                    return file.read()

            return ours.detach(), receive
        path = tmp_path / "target"
        writing = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_BINARY)
        return (
            handle_of(writing),
            lambda: comes_true(lambda: path.stat().st_size == len(LOTS)) and path.read_bytes(),
        )


class TestEnds:
    def test_what_has_ended_before_ends_at_once(self, relay: Relay) -> None:
        source, feeding = to_relay()
        os.close(feeding)
        reading, writing = from_relay()
        relay.copy(source, writing).result(5)
        assert read_all(reading) == b""

    @pytest.mark.parametrize("kind", ["named", "anonymous"])
    def test_a_broken_target_closes_the_source_so_that_its_writer_learns(
        self, relay: Relay, kind: str
    ) -> None:
        source, feeding = to_relay()
        reading, writing = from_relay() if kind == "named" else anonymous()
        done = relay.copy(source, writing)
        os.close(reading)
        os.write(feeding, b"x")
        done.result(5)
        assert is_broken(feeding)
        os.close(feeding)

    @pytest.mark.parametrize("kind", ["named", "anonymous"])
    def test_a_broken_target_with_drain_lets_the_source_go_on_to_its_end(
        self, relay: Relay, kind: str
    ) -> None:
        source, feeding = to_relay()
        reading, writing = from_relay() if kind == "named" else anonymous()
        done = relay.copy(source, writing, drain=True)
        os.close(reading)
        feed(feeding)
        assert done.result(5) is None

    def test_half_close_tells_a_sockets_reader_though_the_other_way_goes_on(
        self, relay: Relay
    ) -> None:
        ours, theirs = socket.socketpair()
        source, feeding = to_relay()
        done = relay.copy(source, ours.dup().detach(), half_close=True)
        feed(feeding, b"question")
        with theirs, ours:
            assert theirs.recv(100) == b"question"
            assert theirs.recv(100) == b""
            done.result(5)
            theirs.sendall(b"answer")
            assert ours.recv(100) == b"answer"

    def test_a_trailer_sees_the_last_piece_and_comes_after_it(self, relay: Relay) -> None:
        source, feeding = to_relay()
        reading, writing = from_relay()
        relay.copy(source, writing, trailer=lambda last: b"<" + last[-1:] + b">")
        feed(feeding, b"abc")
        assert read_all(reading) == b"abc<c>"

    def test_two_may_write_to_one_file(self, relay: Relay) -> None:
        """Duplicates of an overlapped HANDLE are one file, which one port serves."""
        reading, writing = from_relay()
        process = _winapi.GetCurrentProcess()
        other = _winapi.DuplicateHandle(process, writing, process, 0, False, 2)
        for target, text in ((writing, b"a"), (other, b"b")):
            relay.copy(plain_source(text), target).result(5)
        assert read_all(reading) == b"ab"

    def test_what_is_no_handle_is_an_error_at_once_and_the_other_is_closed(
        self, relay: Relay
    ) -> None:
        reading, writing = from_relay()
        with pytest.raises(BackendError, match="stream could not be copied"):
            relay.copy(0xDEA0, writing)
        assert read_all(reading) == b""

    @pytest.mark.parametrize("kind", ["named", "anonymous"])
    def test_to_cancel_ends_the_copying_and_closes_both(self, relay: Relay, kind: str) -> None:
        """A read that blocks gives up, too."""
        if kind == "named":
            source, feeding = to_relay()
        else:
            plain, feeding = os.pipe()
            source = handle_of(plain)
        reading, writing = from_relay()
        done = relay.copy(source, writing)
        time.sleep(0.05)
        assert done.cancel()
        assert read_all(reading) == b""
        assert comes_true(lambda: is_broken(feeding))
        os.close(feeding)


def is_broken(fd: int) -> bool:
    try:
        os.write(fd, b"x")
    except OSError:
        return True
    return False


class TestBackPressure:
    @pytest.mark.parametrize("kind", ["named", "anonymous"])
    def test_a_target_that_takes_nothing_holds_up_no_other_and_burns_nothing(
        self, relay: Relay, kind: str
    ) -> None:
        stuck_source, stuck_feeding = to_relay()
        stuck_reading, stuck_writing = from_relay() if kind == "named" else anonymous()
        stuck = relay.copy(stuck_source, stuck_writing)
        feed(stuck_feeding)
        time.sleep(0.1)
        source, feeding = to_relay()
        reading, writing = from_relay()
        relay.copy(source, writing)
        feed(feeding)
        assert read_all(reading) == LOTS
        before = time.process_time()
        time.sleep(0.3)
        assert time.process_time() - before < 0.15
        assert not stuck.done()
        assert read_all(stuck_reading) == LOTS
        stuck.result(5)

    def test_a_hundred_streams_need_one_thread(self, relay: Relay) -> None:
        before = threading.active_count()
        pairs = []
        for _ in range(100):
            source, feeding = to_relay()
            reading, writing = from_relay()
            relay.copy(source, writing)
            pairs.append((feeding, reading))
        assert threading.active_count() == before + 1
        for number, (feeding, reading) in enumerate(pairs):
            os.write(feeding, b"%d" % number)
            os.close(feeding)
            assert read_all(reading) == b"%d" % number


class TestManners:
    def test_the_thread_ends_with_the_last_copy_and_another_starts(self, relay: Relay) -> None:
        for _ in range(3):
            source, feeding = to_relay()
            reading, writing = from_relay()
            relay.copy(source, writing)
            assert "cloche-relay" in thread_names()
            os.close(feeding)
            read_all(reading)
            assert comes_true(lambda: "cloche-relay" not in thread_names())

    @pytest.mark.parametrize("ends", ["to_relay()[0], from_relay()[1]", "plain()[0], plain()[1]"])
    def test_a_process_with_a_copy_under_way_ends_at_once(self, ends: str) -> None:
        script = f"""if True:
            import os
            from cloche.pipes import from_relay, relayable, to_relay
            from cloche.relay import shared_relay
            plain = lambda: [relayable(fd) for fd in os.pipe()]
            shared_relay().copy({ends})
            print('over')
        """
        run = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=20)
        assert (run.returncode, run.stdout.strip(), run.stderr) == (0, b"over", b"")

    def test_there_is_one_for_the_process(self) -> None:
        assert shared_relay() is shared_relay()


def thread_names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]
