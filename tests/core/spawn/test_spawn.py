"""A program is started without forking this process, and its end is waited for by descriptor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloche.errors import CommandFailed, InvalidSpec, InvalidState
from cloche.exit import ExitStatus
from cloche.runtime import spawn
from cloche.spawn import SpawnedProcess
from cloche.stdio import End, Streams


class Ends(Streams):
    """Descriptors of the test's."""

    def __init__(self, *ends: End) -> None:
        self.ends = (ends[0], ends[1], ends[2])

    def release_ends(self) -> None: ...
    def drained(self) -> None: ...


@pytest.fixture
def started() -> Iterator[Callable[..., SpawnedProcess]]:
    """Start programs with empty input and their output to a descriptor, or to nowhere."""
    nothing = os.open(os.devnull, os.O_RDWR)
    processes: list[SpawnedProcess] = []

    def start(*argv: str, stdout: int = nothing, **options) -> SpawnedProcess:
        processes.append(spawn(argv, Ends(nothing, stdout, nothing), **options))
        return processes[-1]

    yield start
    for process in processes:
        if process._pidfd >= 0:
            process.kill(signal.SIGKILL)
            process.exit.wait(5)
        process.close()
    os.close(nothing)


@pytest.fixture
def output(started) -> Callable[..., str]:
    """Run a program and give what it wrote."""

    def run(*argv: str, **options) -> str:
        reading, writing = os.pipe()
        started(*argv, stdout=writing, **options)
        os.close(writing)
        with open(reading) as file:
            return file.read()

    return run


class TestItsEnd:
    def test_is_its_exit_code(self, started) -> None:
        assert started("sh", "-c", "exit 7").exit.wait(5) == ExitStatus(7)

    def test_is_the_signal_that_killed_it(self, started) -> None:
        process = started("sleep", "60")
        assert process.exit.poll() is None
        process.kill(signal.SIGTERM)
        assert process.exit.wait(5) == ExitStatus.killed(signal.SIGTERM)

    def test_its_group_can_be_killed_after_it(self, started) -> None:
        reading, writing = os.pipe()
        process = started("sh", "-c", "sleep 60 & exit 0", stdout=writing)
        os.close(writing)
        process.exit.wait(5)
        process.kill_group(signal.SIGKILL)
        assert os.read(reading, 1) == b""
        process.kill_group(signal.SIGKILL)
        os.close(reading)

    def test_may_be_killed_any_number_of_times(self, started) -> None:
        process = started("true")
        process.exit.wait(5)
        process.kill(signal.SIGKILL)
        process.kill(signal.SIGTERM)

    def test_leaves_no_zombie_once_it_is_known(self, started) -> None:
        process = started("true")
        process.exit.wait(5)
        assert not os.path.exists(f"/proc/{process.pid}")

    def test_is_lost_if_another_has_waited_for_it(self, started) -> None:
        process = started("true")
        os.waitpid(process.pid, 0)
        assert process.exit.wait(5) == ExitStatus.lost()

    def test_may_be_started_by_a_thread_that_has_ended(self, started) -> None:
        processes: list[SpawnedProcess] = []
        thread = threading.Thread(target=lambda: processes.append(started("sleep", "60")))
        thread.start()
        thread.join()
        assert processes[0].exit.poll() is None

    def test_released_it_can_be_neither_killed_nor_waited_for(self, started) -> None:
        process = started("sleep", "60")
        process.close()
        process.close()
        with pytest.raises(InvalidState):
            process.exit.wait()
        with pytest.raises(InvalidState):
            process.kill(signal.SIGKILL)
        os.kill(process.pid, signal.SIGKILL)
        os.waitpid(process.pid, 0)


class TestWhatItGets:
    def test_an_environment_of_its_own_or_ours(self, output, monkeypatch) -> None:
        monkeypatch.setenv("OURS", "x")
        assert "OURS=x\n" in output("env")
        assert output("/usr/bin/env", env={"A": "b"}) == "A=b\n"

    def test_a_working_directory_while_ours_stays(self, output, tmp_path: Path) -> None:
        before = os.getcwd()
        assert output("pwd", "-P", cwd=str(tmp_path)) == f"{tmp_path}\n"
        assert os.getcwd() == before

    def test_a_session_of_its_own(self, started) -> None:
        process = started("sleep", "60")
        assert os.getsid(process.pid) == process.pid

    def test_signals_as_they_are_by_default(self, output) -> None:
        """Python ignores SIGPIPE, and threads may have blocked some."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        try:
            status = output("cat", "/proc/self/status")
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        masks = [line.split()[1] for line in status.splitlines() if line.startswith("Sig")]
        # glibc leaves 32 and 33 ignored, which are its own and no program's to have.
        assert {int(mask, 16) & ~(3 << 31) for mask in masks[1:]} == {0}

    def test_no_descriptor_that_it_was_not_given(self, output) -> None:
        stray = os.open("/", os.O_RDONLY)
        os.set_inheritable(stray, True)
        try:
            assert output("sh", "-c", "ls /proc/$$/fd").split() == ["0", "1", "2"]
        finally:
            os.close(stray)

    def test_preserved_descriptors_as_three_and_following(self, output) -> None:
        reading, writing = os.pipe()
        os.write(writing, b"hello")
        os.close(writing)
        assert output("cat", "/dev/fd/4", preserve_fds=(reading, reading)) == "hello"
        os.close(reading)

    def test_ends_in_any_order_of_numbers(self) -> None:
        """An end that has the number of another's place must not be overwritten."""
        script = """if True:
            import os
            from cloche.runtime import spawn
            from cloche.stdio import Streams
            class Ends(Streams):
                ends = (1, 2, 0)
                def release_ends(self): ...
                def drained(self): ...
            r, w = os.pipe()
            os.dup2(os.open("/dev/null", os.O_RDONLY), 1); os.dup2(w, 2); os.dup2(w, 0)
            spawn(["sh", "-c", "echo out; echo err >&2; cat"], Ends()).exit.wait(5)
            os.write(w, os.read(r, 100)); os.write(w, b"."); os.write(3, os.read(r, 100))
        """
        reading, writing = os.pipe()
        subprocess.run(
            [sys.executable, "-c", script.replace("os.write(3", f"os.write({writing}")],
            pass_fds=(writing,),
            timeout=20,
            check=True,
        )
        os.close(writing)
        with open(reading) as file:
            assert file.read() == "out\nerr\n."


class TestWhatCannotBeRun:
    @pytest.mark.parametrize("program", ["absent-program", "/absent/program", "/etc/passwd/x"])
    def test_127_if_there_is_no_such_program(self, started, program: str) -> None:
        with pytest.raises(CommandFailed, match="not found") as raised:
            started(program)
        assert raised.value.exit_code == 127

    @pytest.mark.parametrize("program", ["/etc/passwd", "/etc"])
    def test_126_if_it_is_no_program(self, started, program: str) -> None:
        with pytest.raises(CommandFailed, match="can't be run") as raised:
            started(program)
        assert raised.value.exit_code == 126

    def test_126_if_none_in_path_may_be_executed(self, started, tmp_path: Path) -> None:
        (tmp_path / "plain").write_text("")
        with pytest.raises(CommandFailed) as raised:
            started("plain", env={"PATH": str(tmp_path)})
        assert raised.value.exit_code == 126

    def test_126_without_its_working_directory(self, started) -> None:
        with pytest.raises(CommandFailed, match="no such working directory: /absent") as raised:
            started("true", cwd="/absent")
        assert raised.value.exit_code == 126

    def test_path_is_that_of_its_environment(self, started, tmp_path: Path) -> None:
        (tmp_path / "mine").symlink_to("/bin/true")
        assert started("mine", env={"PATH": str(tmp_path)}).exit.wait(5) == ExitStatus(0)

    def test_streams_that_are_no_descriptors_are_refused(self) -> None:
        with pytest.raises(InvalidSpec):
            spawn(["true"], Ends(0, None, 2))

    def test_nothing_is_left_open(self, started) -> None:
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with pytest.raises(CommandFailed):
                started("absent-program")
        process = started("true")
        process.exit.wait(5)
        process.close()
        assert len(os.listdir("/proc/self/fd")) == before


def test_this_process_is_not_forked(started) -> None:
    """Handlers of a fork are not called; with a large heap it costs no more."""
    calls: list[str] = []
    os.register_at_fork(before=lambda: calls.append("fork"))
    started("true").exit.wait(5)
    assert calls == []
