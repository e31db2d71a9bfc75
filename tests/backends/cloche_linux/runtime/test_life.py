"""A container from create to remove, and its processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

import cloche
from cloche import Reason


def until(condition: object, seconds: float = 30.0) -> None:
    """Wait until ``condition()`` is true."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_output_exit_code_and_input(engine: cloche.Engine, busybox: str) -> None:
    done = engine.run(
        ["sh", "-c", "sort; echo bad >&2; exit 3"],
        rootfs=busybox,
        input="b\na\n",
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "a\nb\n", "bad\n")
    assert done.reason is Reason.EXIT


def test_a_signal_is_told_apart_from_a_code(engine: cloche.Engine, busybox: str) -> None:
    done = engine.run(["sh", "-c", "kill -SEGV $$"], rootfs=busybox)
    assert (done.returncode, done.reason) == (-signal.SIGSEGV, Reason.SIGNAL)


def test_a_timeout_kills_and_keeps_the_output(engine: cloche.Engine, busybox: str) -> None:
    begun = time.monotonic()
    done = engine.run(
        ["sh", "-c", "echo begun; sleep 60"], rootfs=busybox, timeout=0.3, capture_output=True
    )
    assert (done.reason, done.stdout) == (Reason.TIMEOUT, b"begun\n")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("command", "code"), [(["no-such"], 127), (["/no/such"], 127), (["/etc/passwd"], 126)]
)
def test_a_command_that_cannot_run_says_so(
    engine: cloche.Engine, busybox: str, command: list[str], code: int
) -> None:
    with pytest.raises(cloche.CommandFailed) as caught:
        engine.run(command, rootfs=busybox)
    assert caught.value.exit_code == code
    assert command[0] in str(caught.value)


def test_a_missing_command_hints_at_the_shell_there_is(engine: cloche.Engine, busybox: str) -> None:
    with pytest.raises(cloche.CommandFailed) as caught:
        engine.run(["bash"], rootfs=busybox)
    assert caught.value.hint == "it has /bin/sh"


def test_orphans_are_reaped_and_end_with_the_command(engine: cloche.Engine, busybox: str) -> None:
    script = "for i in 1 2 3; do (sleep 0.05 &) ; done; (sleep 300 &); sleep 0.3; ps -o stat,args"
    done = engine.run(["sh", "-c", script], rootfs=busybox, capture_output=True, text=True)
    assert done.stdout is not None
    assert "Z" not in "".join(line.split()[0] for line in done.stdout.splitlines()[1:])
    assert "sleep 300" in done.stdout


def test_init_is_out_of_reach_of_what_runs_under_it(engine: cloche.Engine, busybox: str) -> None:
    script = "kill -9 1; cat /proc/1/environ; ls -l /proc/1/fd; echo alive"
    done = engine.run(["sh", "-c", script], rootfs=busybox, capture_output=True, text=True)
    assert done.stdout is not None
    assert done.stderr is not None
    assert done.stdout.endswith("alive\n")
    denied = done.stderr.splitlines()
    assert len(denied) >= 2
    assert all(line.endswith("Permission denied") for line in denied)


def test_without_init_the_command_is_the_first_process(engine: cloche.Engine, busybox: str) -> None:
    first = engine.run(
        ["sh", "-c", "echo $$"], rootfs=busybox, init=False, capture_output=True, text=True
    )
    second = engine.run(["sh", "-c", "echo $$"], rootfs=busybox, capture_output=True, text=True)
    assert (first.stdout, second.stdout) == ("1\n", "2\n")


def test_stop_asks_first_and_then_forces(engine: cloche.Engine, busybox: str) -> None:
    rest = "echo ready; while :; do sleep 0.01; done"
    polite = ["sh", "-c", f"trap 'exit 7' TERM; {rest}"]
    with engine.start(polite, rootfs=busybox, stdout=cloche.PIPE) as container:
        assert container.stdout.readline() == b"ready\n"
        container.stop(timeout=5)
        assert container.returncode == 7
    stubborn = ["sh", "-c", f"trap '' TERM; {rest}"]
    with engine.start(stubborn, rootfs=busybox, stdout=cloche.PIPE) as container:
        assert container.stdout.readline() == b"ready\n"
        container.stop(timeout=0.2)
        assert container.returncode == -signal.SIGKILL


def test_kill_ends_every_process(engine: cloche.Engine, busybox: str) -> None:
    script = "for i in 1 2 3; do setsid sleep 300 & done; wait"
    with engine.start(["sh", "-c", script], rootfs=busybox) as container:
        until(lambda: len(container.pids()) >= 5)
        pids = container.pids()
        container.kill()
        container.wait(5)
        assert [pid for pid in pids if os.path.exists(f"/proc/{pid}")] == []


def test_create_and_start_are_separate(engine: cloche.Engine, busybox: str) -> None:
    """Nothing of the container's own runs before start: seen by a container that starts at once."""
    with engine.start(["sleep", "60"], rootfs=busybox) as container:
        assert container.state is cloche.State.RUNNING
        assert container.pid is not None
        comm = Path(f"/proc/{container.pid}/comm").read_text()
    assert comm == "cloche-init\n"


def test_exec_runs_beside_with_the_same_confinement(engine: cloche.Engine, busybox: str) -> None:
    with engine.start(rootfs=busybox, idle=True, hostname="box") as box:
        names = ("Seccomp:", "NoNewPrivs:", "CapBnd:", "CapEff:", "SigBlk:", "SigIgn:")
        script = "hostname; for n in mnt pid net ipc uts cgroup; do readlink /proc/self/ns/$n; done"
        executed = box.run(["sh", "-c", script], capture_output=True, text=True)
        assert executed.stdout is not None
        assert executed.stdout.startswith("box\n")
        inside = box.run(["cat", "/proc/self/status"], capture_output=True, text=True)
        direct = engine.run(
            ["cat", "/proc/self/status"], rootfs=busybox, capture_output=True, text=True
        )
        assert inside.stdout is not None
        assert direct.stdout is not None
        pick = [line for line in inside.stdout.splitlines() if line.startswith(names)]
        assert pick == [line for line in direct.stdout.splitlines() if line.startswith(names)]
        assert len(pick) == len(names)


def test_exec_takes_its_own_user_directory_and_variables(
    engine: cloche.Engine, busybox: str
) -> None:
    with engine.start(rootfs=busybox, idle=True, env={"A": "1"}) as box:
        done = box.run(
            ["sh", "-c", "id -u; pwd; echo $A$B"],
            user="ann",
            workdir="/etc",
            env={"B": "2"},
            capture_output=True,
            text=True,
        )
        assert done.stdout == "1000\n/etc\n12\n"


def test_exec_in_a_container_that_has_ended_is_refused(engine: cloche.Engine, busybox: str) -> None:
    with engine.start(["true"], rootfs=busybox) as container:
        container.wait(5)
        with pytest.raises(cloche.InvalidState, match="stopped"):
            container.run(["true"])


def test_the_working_directory_is_made(engine: cloche.Engine, busybox: str) -> None:
    done = engine.run(["pwd"], rootfs=busybox, workdir="/deep/er", capture_output=True, text=True)
    assert done.stdout == "/deep/er\n"


def test_the_root_may_be_read_only(engine: cloche.Engine, busybox: str) -> None:
    script = "touch /x; touch /dev/shm/y && echo shm"
    done = engine.run(
        ["sh", "-c", script], rootfs=busybox, read_only=True, capture_output=True, text=True
    )
    assert done.stderr is not None
    assert "Read-only file system" in done.stderr
    assert done.stdout == "shm\n"


def test_the_directory_beneath_is_never_changed(engine: cloche.Engine, busybox: str) -> None:
    before = sorted(os.listdir(busybox)), sorted(os.listdir(f"{busybox}/etc"))
    engine.run(["sh", "-c", "echo x > /etc/new; rm -r /root; echo y > /top"], rootfs=busybox)
    assert (sorted(os.listdir(busybox)), sorted(os.listdir(f"{busybox}/etc"))) == before


def test_a_terminal_is_the_processes_own(engine: cloche.Engine, busybox: str) -> None:
    with engine.start(["sh", "-c", "tty; stty size"], rootfs=busybox, tty=(90, 30)) as container:
        assert container.wait(5) == 0
        assert container.stdout is not None
        output = os.read(container.stdout.fileno(), 1000)
    assert output == b"/dev/pts/0\r\n30 90\r\n"


def test_pause_stands_still_and_resume_goes_on(engine: cloche.Engine, busybox: str) -> None:
    count = ["sh", "-c", "echo > /dev/shm/n; echo; while :; do echo >> /dev/shm/n; done"]
    with engine.start(count, rootfs=busybox, stdout=cloche.PIPE) as container:
        assert container.stdout.readline() == b"\n"
        container.pause()
        assert container.state is cloche.State.PAUSED
        first = len(container.read_bytes("/dev/shm/n"))
        time.sleep(0.2)
        assert len(container.read_bytes("/dev/shm/n")) == first
        container.resume()
        until(lambda: len(container.read_bytes("/dev/shm/n")) > first)
        assert container.state is cloche.State.RUNNING


def test_a_paused_container_can_be_killed(engine: cloche.Engine, busybox: str) -> None:
    with engine.start(["sleep", "60"], rootfs=busybox) as container:
        container.pause()
        container.kill()
        assert container.wait(5) == -signal.SIGKILL


def test_stats_move(engine: cloche.Engine, busybox: str) -> None:
    with engine.start(["sh", "-c", "while :; do :; done"], rootfs=busybox) as container:
        first = container.stats()
        assert first.cpu_usage is not None
        until(lambda: container.stats().cpu_usage > first.cpu_usage)
        second = container.stats()
        assert second.pids is not None
        assert second.pids >= 2


def test_files_are_put_in_before_anything_runs(engine: cloche.Engine, busybox: str) -> None:
    done = engine.run(
        ["cat", "/work/a/b.txt"],
        rootfs=busybox,
        files={"/work/a/b.txt": "content"},
        capture_output=True,
    )
    assert done.stdout == b"content"


def test_hosts_and_hostname_are_made(engine: cloche.Engine, busybox: str) -> None:
    done = engine.run(
        ["sh", "-c", "cat /etc/hostname; grep -c localhost /etc/hosts; ping -c1 -W1 localhost"],
        rootfs=busybox,
        hostname="named",
        capture_output=True,
        text=True,
    )
    assert done.stdout is not None
    assert done.stdout.startswith("named\n2\n")
    assert " 0% packet loss" in done.stdout
