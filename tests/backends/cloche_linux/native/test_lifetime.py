"""When the embedding process ends, however it ends, so does everything it made."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

EMBEDDER = """
import os, sys, select
from cloche_linux.spawn import spawn
plan, how = open(sys.argv[1], "rb").read(), sys.argv[2]
child = spawn(plan, (None, 1, None))
if how != "setup":
    child.wait_ready(20)
if how not in ("setup", "ready"):
    child.start(20)
if how == "forked" and os.fork() == 0:
    select.poll().poll()
print(child.pid, flush=True)
if how == "exec":
    os.execv("/bin/sleep", ["sleep", "1000"])
select.poll().poll()
"""


@pytest.fixture
def embedded(tmp_path):
    """Starts a process that embeds a container; gives it and the container's pid."""
    started = []

    def start(plan: bytes, how: str):
        (tmp_path / "plan").write_bytes(plan)
        command = [sys.executable, "-c", EMBEDDER, str(tmp_path / "plan"), how]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
        started.append(process)
        return process

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def ends(pid: int, milliseconds: int = 2000) -> bool:
    """Whether a process is gone within some time."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    try:
        return bool(poll.poll(milliseconds))
    finally:
        os.close(pidfd)


@pytest.mark.parametrize("how", ["running", "ready", "forked"])
@pytest.mark.parametrize("init", [True, False], ids=["init", "no-init"])
def test_a_killed_embedder_takes_its_container_along(sandbox, embedded, how, init):
    """Also while a fork of it lives on and holds copies of all its descriptors.

    A workload without init has asked to be told as the plan says.
    """

    def process(plan):
        if not init:
            plan.parent_death()

    plan = sandbox.finish(sandbox.begin(), "sleep", "1000", init=init, process=process)
    embedder = embedded(plan, how)
    pid = int(embedder.stdout.readline())
    assert os.path.exists(f"/proc/{pid}")
    embedder.kill()
    assert ends(pid)


def test_an_embedder_that_becomes_another_program_takes_it_along(sandbox, embedded):
    """Its descriptors are closed by the exec, which no signal announces."""
    embedder = embedded(sandbox.finish(sandbox.begin(), "sleep", "1000"), "exec")
    assert ends(int(embedder.stdout.readline()))


def test_an_idle_container_goes_too(sandbox, embedded):
    plan = sandbox.begin()
    plan.pivot()
    plan.ready()
    plan.idle()
    embedder = embedded(plan.encode(), "running")
    pid = int(embedder.stdout.readline())
    embedder.kill()
    assert ends(pid)


def test_mounts_of_the_container_are_gone_at_once(sandbox, embedded, tmp_path):
    """A file system that only the container has mounted can be removed."""
    (tmp_path / "upper").mkdir()
    (tmp_path / "work").mkdir()
    from cloche_linux.plan import Plan

    plan = Plan()
    plan.unshare(0x20000)
    plan.propagation(1 << 18)
    plan.root_overlay([sandbox.root], str(tmp_path / "upper"), str(tmp_path / "work"))
    embedder = embedded(sandbox.finish(plan, "sleep", "1000"), "running")
    pid = int(embedder.stdout.readline())
    mounts = Path(f"/proc/{pid}/mounts").read_text()
    assert str(tmp_path / "upper") in mounts
    embedder.kill()
    assert ends(pid)
    assert str(tmp_path / "upper") not in every_mount()


def every_mount() -> str:
    """All mounts that any process sees."""
    seen = []
    for entry in Path("/proc").glob("[0-9]*/mounts"):
        try:
            seen.append(entry.read_text())
        except OSError:
            continue
    return "".join(seen)
