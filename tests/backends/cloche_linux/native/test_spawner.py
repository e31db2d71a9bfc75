"""The spawner in whatever process embeds it: threads, forks, odd descriptors and signals."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloche_linux.spawn import spawn


@pytest.fixture
def true(sandbox):
    """A plan that runs true."""
    return sandbox.finish(sandbox.begin(), "true")


def run(plan: bytes, code, **more: object) -> int | None:
    with spawn(plan, **more) as child:
        child.wait_ready(20)
        child.start(20)
        return code(child)


def test_eight_threads_spawn_at_once(true, code, no_more_descriptors):
    run(true, code)
    with no_more_descriptors(), ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: run(true, code), range(64))) == [0] * 64


def test_no_descriptor_is_left_by_runs_and_failures(sandbox, code, no_more_descriptors):
    """The control: a child that is not closed is seen."""
    good, bad = (sandbox.finish(sandbox.begin(), name) for name in ("true", "missing"))
    run(good, code)
    with no_more_descriptors():
        for _ in range(20):
            assert run(good, code) == 0
            with pytest.raises(OSError, match="execute"):
                run(bad, code)
    with pytest.raises(AssertionError), no_more_descriptors():
        sandbox.spawn(good).wait_ready(20)


def test_no_process_is_left_by_a_failure(sandbox):
    child = sandbox.spawn(sandbox.finish(sandbox.begin(), "missing"))
    child.wait_ready(20)
    with pytest.raises(OSError, match="execute"):
        child.start(20)
    assert not os.path.exists(f"/proc/{child.pid}")


def test_a_child_outlives_the_thread_that_asked_for_it(sandbox, code):
    """The kernel tells children when the creating thread ends, and that is the spawner."""
    plan = sandbox.finish(sandbox.begin(), "sh", "-c", "read line; exit 6")
    reading, writing = os.pipe()
    thread = threading.Thread(target=lambda: sandbox.start(plan, (reading, None, None)))
    thread.start()
    thread.join()
    time.sleep(0.05)
    os.write(writing, b"\n")
    assert code(sandbox.children[0]) == 6
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("init", [True, False], ids=["init", "no-init"])
def test_ignored_sigchld_does_not_hide_the_exit(sandbox, code, fork, init):
    """Without init only the kernel's record (since 6.15) can tell, and None is honest before."""
    plan = sandbox.finish(sandbox.begin(), "sh", "-c", "exit 9", init=init)

    def embed():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        return run(plan, code)

    kernel = tuple(int(part) for part in os.uname().release.split(".")[:2])
    assert fork(embed) == (9 if init or kernel >= (6, 15) else None)


def test_a_loop_over_waitpid_does_not_hide_the_exit(sandbox, code, fork):
    plan = sandbox.finish(sandbox.begin(), "sh", "-c", "exit 9")

    def embed():
        child = spawn(plan)
        child.wait_ready(20)
        child.start(20)
        assert os.waitpid(-1, 0)[0] == child.pid, "the control: it took it"
        return code(child)

    assert fork(embed) == 9


def test_a_fork_of_the_embedder_has_a_spawner_of_its_own(true, code, fork):
    assert run(true, code) == 0
    assert fork(lambda: run(true, code)) == 0
    assert fork(lambda: fork(lambda: run(true, code))) == 0
    assert run(true, code) == 0


def test_a_fork_while_other_threads_spawn(true, code, fork):
    stop = threading.Event()

    def spawn_on():
        while not stop.is_set():
            assert run(true, code) == 0

    with ThreadPoolExecutor(2) as pool:
        spawning = [pool.submit(spawn_on) for _ in range(2)]
        try:
            for _ in range(10):
                assert fork(lambda: run(true, code)) == 0
        finally:
            stop.set()
        for each in spawning:
            each.result()


EMBEDDER = """
import os, sys, select
from cloche_linux.spawn import spawn
plan = open(sys.argv[1], "rb").read()
def run():
    with spawn(plan) as child:
        child.wait_ready(20)
        child.start(20)
        poll = select.poll()
        poll.register(child.pidfd, select.POLLIN)
        poll.poll()
        return os.waitstatus_to_exitcode(child.exit_status())
if sys.argv[2] == "closed streams":
    os.closerange(0, 3)
else:
    run()
    os.closerange(3, 256)
    held = [os.open("/dev/zero", os.O_RDWR) for _ in range(20)]
os._exit(run())
"""


@pytest.mark.parametrize("kind", ["closed streams", "daemon"])
def test_an_embedder_may_close_what_it_likes(sandbox, tmp_path, kind):
    """A daemon closes all descriptors, ours too, and opens others in their places."""
    plan = sandbox.finish(sandbox.begin(), "sh", "-c", "read x; exit 8")
    (tmp_path / "plan").write_bytes(plan)
    command = [sys.executable, "-c", EMBEDDER, str(tmp_path / "plan"), kind]
    assert subprocess.run(command, timeout=60, check=False).returncode == 8


@pytest.mark.parametrize("shift", range(7))
def test_any_descriptor_may_be_any_other(sandbox, code, fork, tmp_path, shift):
    """The seven places of the helper are themselves the sources, in every rotation."""
    for number in range(7):
        (tmp_path / str(number)).write_text(str(number))
    script = "cat <&0; cat <&3; cat <&4; cat <&5; cat <&6; echo >&1"
    plan = sandbox.finish(sandbox.begin(), "sh", "-c", script, preserve=4)
    order = [(number + shift) % 7 for number in range(7)]

    def embed():
        spawn(plan).close()  # what the process keeps has its place before ours are taken
        out = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
        high = [os.open(tmp_path / str(number), os.O_RDWR) for number in range(7)]
        for number in range(7):
            os.dup2(out if number == order[1] else high[number], number)
        child = spawn(plan, tuple(order[:3]), order[3:])
        child.wait_ready(20)
        child.start(20)
        return code(child)

    assert fork(embed) == 0
    expected = "".join(str(number) for number in [order[0], *order[3:]])
    assert (tmp_path / "out").read_text() == expected + "\n"


def test_many_descriptors_and_much_memory_cost_nothing(sandbox, true, code, fork):
    """The helper sees none of them, and it does not take long: nothing is copied."""
    limit = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 4000)
    listing = sandbox.finish(sandbox.begin(), "sh", "-c", "ls /proc/self/fd | wc -l")

    def embed():
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        ballast = bytearray(os.urandom(1 << 20)) * 300
        held = [os.dup(0) for _ in range(limit - 200)]
        reading, writing = os.pipe()
        took = min(timed(lambda: run(true, code)) for _ in range(5))
        assert run(listing, code, stdio=(None, writing, None)) == 0
        del ballast, held
        return took, os.read(reading, 100)

    took, listed = fork(embed)
    assert listed.strip() == b"4"
    assert took < 0.1


def timed(function) -> float:
    before = time.perf_counter()
    function()
    return time.perf_counter() - before


def test_a_child_that_was_closed_while_it_ran_is_reaped(sandbox, no_more_descriptors):
    """The control: it ran on until it was killed."""
    plan = sandbox.finish(sandbox.begin(), "sleep", "100")
    first = spawn(plan)
    first.close()
    wait_until_gone(first.pid)
    with no_more_descriptors():
        child = spawn(plan)
        child.wait_ready(20)
        child.start(20)
        child.close()
        time.sleep(0.02)
        assert os.path.exists(f"/proc/{child.pid}")
        os.kill(child.pid, signal.SIGKILL)
        wait_until_gone(child.pid)


def wait_until_gone(pid: int) -> None:
    """Wait until a process is not even a zombie."""
    end = time.monotonic() + 10
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < end
        time.sleep(0.002)


def test_a_cgroup_that_is_not_of_version_2_is_ebadf(true, tmp_path):
    directory = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    with pytest.raises(OSError, match="Bad file") as failed:
        spawn(true, cgroup=directory)
    os.close(directory)
    assert failed.value.errno == errno.EBADF


def test_a_container_is_born_in_its_cgroup(sandbox, code):
    group = f"/sys/fs/cgroup/unified/cloche-test-{os.getpid()}"
    os.mkdir(group)
    directory = os.open(group, os.O_RDONLY | os.O_DIRECTORY)
    try:
        child = sandbox.start(sandbox.finish(sandbox.begin(), "sleep", "100"), cgroup=directory)
        with open(f"{group}/cgroup.procs") as file:
            assert str(child.pid) in file.read().split()
        child.kill(signal.SIGTERM)
        code(child)
        child.close()
    finally:
        os.close(directory)
        os.rmdir(group)


def test_ctrl_c_interrupts_waiting(sandbox):
    """The plan waits for maps that nobody writes."""
    from cloche_linux.plan import Plan

    plan = Plan()
    plan.unshare(0x10000000)
    plan.map_by_parent()
    child = sandbox.spawn(plan.encode(), new_pid_namespace=False)
    child.wait_maps(20)
    threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        child.wait_ready()
