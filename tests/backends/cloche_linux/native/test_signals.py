"""Signals, orphans and zombies: what init does, and how the workload begins."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest


def wait_for(condition, timeout: float = 10):
    """Wait until something is true; returns it."""
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, "it never became true"
        time.sleep(0.005)
    return found


def processes_of(pid: int) -> list[int]:
    """The processes below one."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    below = [int(word) for word in text.split()]
    return below + [each for child in below for each in processes_of(child)]


def run_in_background(sandbox, script, output=None):
    """Start a shell that can use &, which in busybox needs a null device."""
    plan = sandbox.begin()
    plan.mount("tmpfs", "/dev")
    plan.device("/dev/null", 0o20666, os.makedev(1, 3))
    return sandbox.start(sandbox.finish(plan, "sh", "-c", script), (None, output, None))


@pytest.mark.parametrize("init", [True, False], ids=["init", "no-init"])
def test_no_signal_is_blocked_or_ignored(sandbox, init):
    """Python ignores SIGPIPE and SIGXFSZ, and this test ignores SIGHUP; none of it is inherited."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        ended = sandbox.run("grep", "-E", "Sig(Blk|Ign|Cgt)|ShdPnd", "/proc/self/status", init=init)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert {line.split()[1] for line in ended.output.splitlines()} == {"0" * 16}


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGRTMIN + 3]
)
def test_init_hands_signals_on(sandbox, code, number):
    child = sandbox.start(sandbox.finish(sandbox.begin(), "sleep", "100"))
    child.kill(number)
    assert code(child) == -number


def test_a_signal_before_the_start_is_not_lost(sandbox, code):
    child = sandbox.spawn(sandbox.finish(sandbox.begin(), "sleep", "100"))
    child.wait_ready(20)
    child.kill(signal.SIGTERM)
    child.start(20)
    assert code(child) == -signal.SIGTERM


def test_the_workload_decides_what_a_signal_means(sandbox, code):
    reading, writing = os.pipe()
    script = "trap 'echo caught; exit 4' TERM; echo set; while :; do sleep 0.01; done"
    child = sandbox.start(
        sandbox.finish(sandbox.begin(), "sh", "-c", script), (None, writing, None)
    )
    os.close(writing)
    with open(reading) as output:
        assert output.readline() == "set\n"
        child.kill(signal.SIGTERM)
        assert output.readline() == "caught\n"
    assert code(child) == 4


def test_orphans_end_with_the_workload(sandbox, code):
    """The control: they lived until then."""
    child = run_in_background(sandbox, "(sleep 1000 & sleep 1000 &); exec sleep 1000")
    below = wait_for(lambda: len(found := processes_of(child.pid)) == 3 and found)
    child.kill(signal.SIGTERM)
    assert code(child) == -signal.SIGTERM
    assert not [pid for pid in below if os.path.exists(f"/proc/{pid}")]


def test_zombies_are_reaped(sandbox):
    """The control: they were started."""
    script = "for i in 1 2 3 4 5 6 7 8; do (sh -c 'echo $PPID' &); done; exec sleep 1000"
    reading, writing = os.pipe()
    child = run_in_background(sandbox, script, writing)
    os.close(writing)
    with open(reading) as output:
        assert len([output.readline() for _ in range(8)]) == 8
    wait_for(lambda: len(processes_of(child.pid)) == 1)


def test_output_ends_with_the_workload_and_not_with_init(sandbox, code):
    """Init holds none of the streams: a workload that closes them ends them."""
    reading, writing = os.pipe()
    script = "exec >&- 2>&-; exec sleep 1000"
    child = sandbox.start(
        sandbox.finish(sandbox.begin(), "sh", "-c", script), (None, writing, writing)
    )
    os.close(writing)
    with open(reading) as output:
        assert output.read() == ""
    with pytest.raises(BlockingIOError):
        child.exit_status()


def idle(sandbox):
    plan = sandbox.begin()
    plan.pivot()
    plan.ready()
    plan.idle()
    return sandbox.start(plan.encode())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_an_idle_container_ends_when_asked(sandbox, code, number):
    child = idle(sandbox)
    child.kill(signal.SIGUSR1)
    child.kill(signal.SIGPIPE)
    child.kill(number)
    assert code(child) == -number


def test_init_keeps_one_capability_and_no_descriptor_of_the_callers(sandbox):
    child = idle(sandbox)
    status = Path(f"/proc/{child.pid}/status").read_text()
    wait_for(lambda: f"CapPrm:\t{1 << 5:016x}" in Path(f"/proc/{child.pid}/status").read_text())
    assert "Name:\tcloche-init" in status
    wait_for(lambda: sorted(os.listdir(f"/proc/{child.pid}/fd")) == ["0", "3", "5"])


def test_init_cannot_be_looked_into_from_inside(sandbox, code):
    """It is not dumpable: its memory and files are root's of the host, and ptrace is refused.

    The control: the shell's own are readable.
    """
    script = "ls -l /proc/$$/fd > /dev/null && echo own; ls -l /proc/1/fd; cat /proc/1/maps"
    plan = sandbox.begin()
    plan.mount("tmpfs", "/dev")
    plan.device("/dev/null", 0o20666, os.makedev(1, 3))

    def process(plan):
        plan.identity(0, 0)
        plan.bounding(0)
        plan.capabilities()

    ended = sandbox.run("sh", "-c", script, plan=plan, process=process)
    assert ended.output.startswith("own\n")
    assert ended.output.count("Permission denied") >= 2
