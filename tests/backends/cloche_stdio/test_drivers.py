"""What the four drivers promise beyond the contract's own tests."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cloche.errors import InvalidSpec, NotFound, Unavailable
from cloche.relay import Relay
from cloche.stdio import Pipes, StreamTarget
from cloche.testing.lab_platform import end_of


def write(fd: object, data: bytes) -> None:
    assert isinstance(fd, int)
    os.write(fd, data)


def read(fd: object) -> bytes:
    assert isinstance(fd, int)
    return os.read(fd, 100)


def held() -> int:
    return len(os.listdir("/proc/self/fd"))


class TestInherit:
    def test_is_the_callers_own_three_by_default(self, open_streams) -> None:
        streams = open_streams("inherit", stdin=None, stdout=None, stderr=None)
        for number, end in enumerate(streams.ends):
            assert os.path.sameopenfile(end, number)
            assert end > 2

    def test_hands_on_any_descriptor_and_lets_the_caller_close_theirs(self, open_streams) -> None:
        reading, writing = os.pipe()
        streams = open_streams("inherit", stdout=writing)
        os.close(writing)
        write(streams.ends[1], b"x")
        streams.close()
        assert read(reading) == b"x"
        assert read(reading) == b""
        os.close(reading)

    def test_a_descriptor_that_is_not_open_is_refused_by_number(self, open_streams) -> None:
        with pytest.raises(Unavailable, match="descriptor 987 is not open"):
            open_streams("inherit", stdout=987)


class TestNull:
    def test_stdin_ends_at_once_and_output_is_lost(self, open_streams) -> None:
        streams = open_streams("null", stdin=None, stdout=None, stderr=None)
        assert read(streams.ends[0]) == b""
        write(streams.ends[1], b"x")
        with pytest.raises(OSError, match="Bad file descriptor"):
            write(streams.ends[0], b"x")


class TestPipe:
    def test_the_caller_has_the_other_ends(self, open_streams) -> None:
        streams = open_streams("pipe", stdin=None, stdout=None, stderr=None)
        write(streams.near[0], b"in")
        write(streams.ends[1], b"out")
        write(streams.ends[2], b"err")
        got = [read(fd) for fd in (streams.ends[0], streams.near[1], streams.near[2])]
        assert got == [b"in", b"out", b"err"]

    def test_output_ends_when_the_containers_end_is_released_and_closed(self, open_streams) -> None:
        streams = open_streams("pipe", stdout=None)
        streams.release_ends()
        assert read(streams.near[1]) == b""

    def test_programs_started_by_this_process_inherit_nothing(self, open_streams) -> None:
        streams = open_streams("pipe", stdin=None, stdout=None, stderr=None)
        fds = [*streams.ends, *streams.near]
        script = f"import os; print([fd for fd in {fds} if os.path.exists(f'/dev/fd/{{fd}}')])"
        run = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, close_fds=False, check=True
        )
        assert run.stdout == b"[]\n"


class TestFile:
    def test_replaces_what_was_there(self, open_streams, tmp_path: Path) -> None:
        path = tmp_path / "out"
        path.write_text("before")
        write(open_streams("file", stdout=str(path)).ends[1], b"new")
        assert path.read_text() == "new"

    def test_appends_when_asked_to(self, open_streams, tmp_path: Path) -> None:
        path = tmp_path / "out"
        path.write_text("before ")
        target = StreamTarget(driver="file", argument=str(path), append=True)
        write(open_streams("file", stdout=target).ends[1], b"new")
        assert path.read_text() == "before new"

    def test_two_that_append_to_one_file_keep_each_others(
        self, open_streams, tmp_path: Path
    ) -> None:
        target = StreamTarget(driver="file", argument=str(tmp_path / "log"), append=True)
        streams = open_streams("file", stdout=target, stderr=target)
        for fd, text in ((1, b"a"), (2, b"b"), (1, b"c")):
            write(streams.ends[fd], text)
        assert (tmp_path / "log").read_bytes() == b"abc"

    def test_stdin_reads_it(self, open_streams, tmp_path: Path) -> None:
        (tmp_path / "in").write_text("hello")
        assert read(open_streams("file", stdin=str(tmp_path / "in")).ends[0]) == b"hello"

    def test_a_new_one_follows_the_umask(self, open_streams, tmp_path: Path) -> None:
        before = os.umask(0o027)
        try:
            open_streams("file", stdout=str(tmp_path / "out"))
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640

    def test_the_container_gets_it_blocking(self, open_streams, tmp_path: Path) -> None:
        assert os.get_blocking(open_streams("file", stdout=str(tmp_path / "out")).ends[1])

    def test_a_missing_input_is_not_found(self, open_streams, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match="absent does not exist"):
            open_streams("file", stdin=str(tmp_path / "absent"))

    def test_a_missing_directory_is_not_found(self, open_streams, tmp_path: Path) -> None:
        with pytest.raises(NotFound, match="no directory"):
            open_streams("file", stdout=str(tmp_path / "absent" / "out"))

    @pytest.mark.parametrize("stream", ["stdin", "stdout"])
    def test_a_directory_is_refused(self, open_streams, tmp_path: Path, stream: str) -> None:
        before = held()
        with pytest.raises(Unavailable, match="directory"):
            open_streams("file", **{stream: str(tmp_path)})
        assert held() == before

    def test_a_fifo_that_nobody_reads_is_refused_at_once(
        self, open_streams, tmp_path: Path
    ) -> None:
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(Unavailable, match="nobody reads"):
            open_streams("file", stdout=str(tmp_path / "fifo"))

    def test_a_fifo_that_nobody_writes_to_is_empty(self, open_streams, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo")
        assert read(open_streams("file", stdin=str(tmp_path / "fifo")).ends[0]) == b""

    def test_a_fifo_with_a_reader_is_written_to(self, open_streams, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo")
        reading = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
        write(open_streams("file", stdout=str(tmp_path / "fifo")).ends[1], b"x")
        assert read(reading) == b"x"
        os.close(reading)

    def test_no_path_names_the_parameter(self, open_streams) -> None:
        with pytest.raises(InvalidSpec) as raised:
            open_streams("file", stderr=None)
        assert raised.value.path == "stderr"

    def test_when_the_second_cannot_be_opened_the_first_is_closed(
        self, open_streams, tmp_path: Path
    ) -> None:
        before = held()
        with pytest.raises(Unavailable):
            open_streams("file", stdout=str(tmp_path / "out"), stderr=str(tmp_path))
        assert held() == before


class TestRuntimesWithPipesOfTheirOwn:
    """What a runtime hands out is relayed to the same ends."""

    def test_all_three_are_relayed_to_the_end(self, open_streams, tmp_path: Path) -> None:
        (tmp_path / "in").write_bytes(b"question")
        streams = open_streams(
            "file",
            stdin=str(tmp_path / "in"),
            stdout=str(tmp_path / "out"),
            stderr=str(tmp_path / "err"),
        )
        (in_far, in_near), (out_near, out_far), (err_near, err_far) = (os.pipe() for _ in range(3))
        relay = Relay()
        streams.connect(Pipes(*map(end_of, (in_near, out_near, err_near))), lambda: relay)
        streams.release_ends()
        assert os.read(in_far, 100) == b"question"
        assert os.read(in_far, 100) == b""
        for fd, text in ((out_far, b"answer"), (err_far, b"doubt"), (in_far, None)):
            if text:
                os.write(fd, text)
            os.close(fd)
        drained = streams.drained()
        assert drained is not None
        drained.result(5)
        assert [(tmp_path / name).read_bytes() for name in ("out", "err")] == [b"answer", b"doubt"]

    def test_merged_stderr_comes_where_stdout_goes(self, open_streams, tmp_path: Path) -> None:
        streams = open_streams("file", merge_stderr=True, stdout=str(tmp_path / "out"))
        assert streams.ends[1] == streams.ends[2]
        (out_near, out_far), (err_near, err_far) = os.pipe(), os.pipe()
        relay = Relay()
        streams.connect(Pipes(None, end_of(out_near), end_of(err_near)), lambda: relay)
        streams.release_ends()
        for fd in (out_far, err_far):
            os.write(fd, b"x")
            os.close(fd)
        drained = streams.drained()
        assert drained is not None
        drained.result(5)
        assert (tmp_path / "out").read_bytes() == b"xx"

    def test_closing_stops_the_input_that_has_no_end(self, open_streams) -> None:
        reading, writing = os.pipe()
        streams = open_streams("inherit", stdin=reading)
        far, near = os.pipe()
        relay = Relay()
        streams.connect(Pipes(end_of(near), None, None), lambda: relay)
        streams.close()
        assert os.read(far, 1) == b""
        for fd in (reading, writing, far):
            os.close(fd)

    def test_without_pipes_no_thread_is_started(self, open_streams) -> None:
        before = threading.active_count()
        streams = open_streams("pipe", stdin=None, stdout=None, stderr=None)
        streams.release_ends()
        assert streams.drained() is None
        assert threading.active_count() == before
