"""Processes that will not be stopped, found or ended, and those that meddle with others."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

import cloche
from cloche_linux.child import Child
from cloche_linux.failures import StepFailed
from cloche_linux.protocol import Message
from cloche_linux.steps import Step


def marked(mark: str) -> dict[int, int]:
    """The processes with a word in their environment, and the time each has run."""
    found = {}
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if mark.encode() in environment and stat[0] != "Z":
            found[int(pid)] = int(stat[11]) + int(stat[12])
    return found


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


#: Sessions of their own, orphans, users and pid namespaces inside, and ceaseless forks.
HIDE = """
hop() { while :; do (setsid true &) ; done; }
setsid sh -c 'while :; do :; done' &
(setsid sh -c 'sh -c "while :; do :; done" &' &)
unshare -Urpf sh -c 'sh -c "while :; do :; done" & while :; do :; done' &
hop & hop &
while :; do true; done
"""
FREE = {"security_opt": ["seccomp=unconfined"], "cap_add": ["SYS_ADMIN"]}


def test_whoever_hides_is_paused_and_ended_with_the_others(
    engine: cloche.Engine, busybox: str
) -> None:
    """The group is made only with the first pause, so that every process is looked for then."""
    mark = f"MARK={uuid.uuid4().hex}"
    hidden = ["sh", "-c", HIDE]
    with engine.start(hidden, rootfs=busybox, env=[mark], **FREE) as container:  # type: ignore[arg-type]
        until(lambda: len(marked(mark)) >= 6)
        container.pause()
        before = marked(mark)
        time.sleep(0.2)
        assert marked(mark) == before
        container.resume()
        until(lambda: marked(mark) != before)
        container.kill()
        container.wait(10)
    assert marked(mark) == {}


def test_a_container_that_kills_all_it_sees_fails_execs_and_hangs_none(
    engine: cloche.Engine, busybox: str
) -> None:
    killing = ["sh", "-c", "while :; do kill -9 -1; done 2> /dev/null"]
    with engine.start(killing, rootfs=busybox) as container:
        endings = set()
        for _ in range(25):
            began = time.monotonic()
            try:
                endings.add(container.run(["true"], capture_output=True).returncode)
            except cloche.BackendError as error:
                endings.add(str(error))
            assert time.monotonic() - began < 5
        killed_before = {ending for ending in endings if "ESRCH" in str(ending)}
        assert endings - killed_before <= {0, -signal.SIGKILL}


def test_a_helper_that_was_stopped_while_it_failed_is_not_waited_for() -> None:
    """It reports and ends; who sees it in its container may stop it in between."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its, subprocess.Popen(["sleep", "60"]) as process:
        process.send_signal(signal.SIGSTOP)
        child = Child(process.pid, os.pidfd_open(process.pid), ours.detach())
        failed = struct.pack("<IiiI256s240s", Message.FAILED, Step.RLIMIT, 1, 0, b"", b"")
        its.send(failed)
        with pytest.raises(StepFailed):
            child.wait_ready(5)


LOOK = """
while :; do
    for p in /proc/[0-9]*; do
        case $p in /proc/$$) continue; esac
        cat $p/environ $p/mem $p/stack; readlink $p/exe $p/cwd $p/root $p/fd/*
        (: >> $p/oom_score_adj)
    done
done > /seen 2> /dev/null
"""


def test_who_enters_a_container_shows_nothing_of_itself_before_it_is_confined(
    engine: cloche.Engine, busybox: str
) -> None:
    """The helper of an exec is root with every right, and seen by all processes inside."""
    with engine.start(["sh", "-c", LOOK], rootfs=busybox) as container:
        for _ in range(40):
            container.run(["true"], capture_output=True)
        container.run(["sleep", "0.2"], env=["SEEN=yes"])
        seen = container.read_bytes("/seen")
    assert b"SEEN=yes" in seen  # the control: it does look at what runs
    for word in (b"memfd:", b"anon_inode:", b"cloche", b"cgroup.procs"):
        assert word not in seen


def test_no_secret_of_the_embedding_process_is_inside_or_in_lists(
    engine: cloche.Engine, busybox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, given = (f"{kind}-{uuid.uuid4().hex}" for kind in ("ours", "given"))
    monkeypatch.setenv("CLOCHE_TEST_SECRET", ours)
    with engine.start(["sleep", "60"], rootfs=busybox, env={"TOKEN": given}) as container:
        init = container.inspect().pid
        lists = (
            Path(f"/proc/{init}/environ").read_bytes() + Path(f"/proc/{init}/cmdline").read_bytes()
        )
        seen = container.run(
            ["sh", "-c", "cat /proc/*/environ /proc/*/cmdline"], capture_output=True
        ).stdout
    assert lists.startswith(b"cloche-init")
    assert given.encode() not in lists
    assert seen is not None
    assert (ours.encode() in seen, given.encode() in seen) == (False, True)


def test_the_lifetime_of_a_container_is_not_its_own_to_prolong(
    engine: cloche.Engine, busybox: str
) -> None:
    """Init waits on a pipe that nobody inside can reach, hold open or keep it from reading."""
    script = """
    kill -STOP 1; kill -TERM 1; kill -9 1
    ls -l /proc/1/fd /proc/1/task 2>&1 | grep -c denied
    cat /proc/self/status | grep State
    """
    done = engine.run(["sh", "-c", f"trap '' TERM; {script}"], rootfs=busybox, capture_output=True)
    assert done.returncode == 0
    assert (done.stdout or b"").endswith(b"State:\tR (running)\n")
