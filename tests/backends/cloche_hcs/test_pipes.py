"""Streams that are named pipes of others: dialled as a client, in order, within their time."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from cloche.errors import InvalidSpec, InvalidState, NotFound, Unavailable
from cloche.probe import Unsupported
from cloche.relay import Relay
from cloche.runtime import BackendContext
from cloche.stdio import Pipes, Size, StdioDriver, StdioRequest, StreamTarget
from cloche_hcs.plugin import cloche_stdio_drivers

(DESCRIPTOR,) = cloche_stdio_drivers()


@pytest.fixture
def driver(tmp_path) -> StdioDriver:
    return DESCRIPTOR.open(BackendContext(home=tmp_path, owner="test"))


def request(stdin=None, stdout=None, stderr=None, **more) -> StdioRequest:
    named = [None if p is None else StreamTarget(driver="npipe", argument=p) for p in
             (stdin, stdout, stderr)]  # fmt: skip
    return StdioRequest(
        container="c", stdin=named[0], stdout=named[1], stderr=named[2], relayed=True, **more
    )


OTHERS = [r"\\server\pipe\x", r"C:\pipe\x", "x", r"\\.\pipe\\", r"\\.\pipe\..\x", None, 3]


@pytest.mark.parametrize("name", [*OTHERS, "\\\\.\\pipe\\a\0b"])
def test_only_a_pipe_of_this_machine_is_dialled(driver, name):
    target = StreamTarget(driver="npipe", argument=name)
    with pytest.raises(InvalidSpec, match="not the name of a pipe of this machine") as caught:
        driver.open(StdioRequest(container="c", stdin=None, stdout=target, stderr=None))
    assert caught.value.path == "stdout"


def test_what_was_not_dialled_is_not_opened_again(driver):
    with pytest.raises(InvalidState):
        driver.reopen({"paths": []})


if sys.platform != "win32":

    def test_elsewhere_it_says_why_not():
        verdict = DESCRIPTOR.probe(None)
        assert isinstance(verdict, Unsupported)
        assert verdict.reason == "needs Windows"

else:
    import _winapi
    import ctypes

    from cloche.pipes import from_relay, to_relay

    class Server:
        """One instance of a pipe, served plainly: what it reads is kept, what it has is sent."""

        def __init__(self, *, instances: int = 1) -> None:
            self.name = rf"\\.\pipe\cloche-test-{os.urandom(8).hex()}"
            self.handle = _winapi.CreateNamedPipe(
                self.name, _winapi.PIPE_ACCESS_DUPLEX, 0, instances, 4096, 4096, 0, 0
            )
            self.taken = b""

        def serve(self, *, sends: bytes | None = None) -> threading.Thread:
            thread = threading.Thread(target=self._serve, args=(sends,), daemon=True)
            thread.start()
            return thread

        def _serve(self, sends: bytes | None) -> None:
            with suppress(OSError):  # it is connected already, or was
                _winapi.ConnectNamedPipe(self.handle)
            try:
                if sends is not None:
                    _winapi.WriteFile(self.handle, sends)
                    _flush(self.handle)
                else:
                    while True:
                        self.taken += _winapi.ReadFile(self.handle, 4096)[0]
            except OSError as error:
                self.ending = error.winerror
            self.close()

        def close(self) -> None:
            handle, self.handle = self.handle, 0
            if handle:
                _winapi.CloseHandle(handle)

    def _flush(handle: int) -> None:
        """Wait until the other side has read what was written."""
        ctypes.windll.kernel32.FlushFileBuffers(ctypes.c_void_p(handle))

    @pytest.fixture
    def serve() -> Iterator:
        made: list[Server] = []

        def make(**how) -> Server:
            made.append(Server(**how))
            return made[-1]

        yield make
        for server in made:
            server.close()

    def test_everything_goes_through_and_ends(driver, serve):
        source, sink = serve(), serve()
        threads = [source.serve(sends=b"in"), sink.serve()]
        streams = driver.open(request(stdin=source.name, stdout=sink.name))
        assert streams.ends == (None, None, None)
        reading, stdin = from_relay()
        stdout, writing = to_relay()
        relay = Relay()
        streams.connect(Pipes(stdin, stdout, None), lambda: relay)
        streams.release_ends()
        with open(reading, "rb") as file:
            assert file.read() == b"in"
        os.write(writing, b"out")
        os.close(writing)
        drained = streams.drained()
        assert drained is not None
        drained.result(5)
        streams.close()
        for thread in threads:
            thread.join(5)
        assert sink.taken == b"out"

    def test_stderr_may_go_where_stdout_goes(driver, serve):
        sink = serve()
        thread = sink.serve()
        streams = driver.open(request(stdout=sink.name, merge_stderr=True))
        outputs = [to_relay(), to_relay()]
        relay = Relay()
        streams.connect(Pipes(None, outputs[0][0], outputs[1][0]), lambda: relay)
        streams.release_ends()
        for (_, writing), text in zip(outputs, (b"out", b"err"), strict=True):
            os.write(writing, text)
            os.close(writing)
        thread.join(5)
        assert sorted(sink.taken) == sorted(b"outerr")

    def test_a_pipe_that_is_not_there_is_an_error_at_once_and_the_others_are_left(driver, serve):
        source = serve()
        thread = source.serve()
        begin = time.monotonic()
        with pytest.raises(NotFound, match="there is no pipe") as caught:
            driver.open(request(stdin=source.name, stdout=r"\\.\pipe\cloche-nobody-serves-this"))
        assert time.monotonic() - begin < 1
        assert isinstance(caught.value.__cause__, OSError)
        thread.join(5)
        assert not thread.is_alive()

    def test_a_pipe_whose_instances_are_taken_is_waited_for(driver, serve):
        busy = serve()
        first = driver.open(request(stdout=busy.name))

        def free() -> None:
            time.sleep(0.4)
            ctypes.windll.kernel32.DisconnectNamedPipe(ctypes.c_void_p(busy.handle))
            busy.serve()

        threading.Thread(target=free).start()
        begin = time.monotonic()
        second = driver.open(request(stdout=busy.name))
        assert time.monotonic() - begin > 0.3
        first.close()
        second.close()

    def test_a_pipe_that_stays_taken_is_given_up_after_three_seconds(driver, serve):
        busy = serve()
        first = driver.open(request(stdout=busy.name))
        begin = time.monotonic()
        with pytest.raises(Unavailable, match="all its instances were in use for 3 seconds"):
            driver.open(request(stdout=busy.name))
        assert 2.5 < time.monotonic() - begin < 6
        first.close()

    def test_a_terminal_has_no_stderr(driver, serve):
        source, sink, unused = serve(), serve(), serve()
        thread = unused.serve()
        streams = driver.open(request(source.name, sink.name, unused.name, terminal=Size(80, 25)))
        thread.join(0.2)
        assert thread.is_alive()
        assert streams.terminal == (80, 25)
        streams.close()
        driver.open(request(stderr=unused.name)).close()
        thread.join(5)
        assert not thread.is_alive()

    def test_they_are_dialled_again_by_what_was_noted(driver, serve):
        sink = serve()
        thread = sink.serve()
        streams = driver.open(request(stdout=sink.name))
        info = streams.info
        streams.close()
        thread.join(5)
        with pytest.raises(NotFound):
            driver.reopen(info)
        assert info["pipes"] == [None, sink.name, None]
