"""A user in a login session gets limits by a scope that systemd makes for each container."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

MANAGER = Path("/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service")

PREPARED = """
import os, time
from cloche.spec import LinuxCPU, LinuxMemory, LinuxPids, LinuxResources
from cloche_linux import cgroups

def child(action):
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.read(read, 1)
        action()
        os._exit(0)
    return pid, write

def planned(**limits):
    return cgroups.plan(LinuxResources(**limits), id="c1", need_freezer=True)
"""

OUT_OF_MEMORY = """
limits = LinuxMemory(limit=40 << 20, swap=40 << 20)
group = planned(memory=limits, cpu=LinuxCPU(quota=50_000), pids=LinuxPids(limit=9)).create()
print(group.by_attach, group.clone_into, group.join_fds)
pid, go = child(lambda: bytearray(80 << 20))
group.attach(pid)
print(group.info["nodes"][0]["path"])
stats = group.stats()
print(stats.memory_limit >> 20, stats.pids_limit, stats.pids)
os.write(go, b"x")
print(os.waitpid(pid, 0)[1], group.oom_kills())
group.remove()
print(os.path.exists(group.info["nodes"][0]["path"]))
"""

FREEZE_AND_JOIN = """
group = planned(pids=LinuxPids(limit=9)).create()
first, _ = child(lambda: None)
second, _ = child(lambda: None)
group.attach(first)
found = cgroups.Group.load(group.info)
found.attach(second)
print(sorted(found.pids()) == sorted([first, second]))
found.freeze()
print(found.frozen)
found.thaw()
found.kill()
print(os.waitpid(first, 0)[1], os.waitpid(second, 0)[1])
found.remove()
"""

UPDATED = """
group = planned(pids=LinuxPids(limit=7)).create()
print(group.stats().pids_limit, group.stats().memory_limit)
group.update(LinuxResources(pids=LinuxPids(limit=5), memory=LinuxMemory(limit=50 << 20)))
print(group.stats().pids_limit, group.stats().memory_limit >> 20)
group.remove()
"""

GONE = """
first = planned(pids=LinuxPids(limit=7)).create()
pid, _ = child(lambda: None)
first.adopt(lambda: [pid, 4_000_000])
print(first.pids() == [pid])
try:
    first.attach(4_000_000)
except OSError as error:
    print(type(error).__name__)
first.kill()
os.waitpid(pid, 0)
first.remove()
"""

CPUSET = """
try:
    planned(cpu=LinuxCPU(cpus="0"))
except Exception as error:
    print(type(error).__name__, error, error.remedy, sep="|")
"""


def test_limits_hold_in_the_scope(run_as_user):
    ways_in, path, stats, ending, left = run_as_user(PREPARED + OUT_OF_MEMORY)
    assert ways_in == "True None ()"
    assert re.fullmatch(rf"{MANAGER}/app\.slice/cloche-[0-9]+-[0-9a-f]+\.scope/cloche/c1", path)
    assert stats == "40 9 1"
    assert ending == "9 1"
    assert left == "False"


def test_nothing_of_it_is_left(run_as_user):
    run_as_user(PREPARED + OUT_OF_MEMORY)
    deadline = time.monotonic() + 60
    while _left() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _left() == {}


def _left() -> dict[str, str]:
    """Our groups and who is in them; some go meanwhile, which is too much for `rglob`."""
    groups = [place for place, _, _ in os.walk(MANAGER) if "/cloche" in place]
    return {group: _processes(group) for group in groups}


def _processes(group: str) -> str:
    try:
        return Path(group, "cgroup.procs").read_text()
    except OSError:
        return "gone"


def test_limits_change_and_are_added(run_as_user):
    assert run_as_user(PREPARED + UPDATED) == ["7 None", "5 50"]


def test_a_process_that_is_gone_is_reported(run_as_user):
    assert run_as_user(PREPARED + GONE) == ["True", "ProcessLookupError"]


def test_another_process_joins_and_both_stand_still(run_as_user):
    assert run_as_user(PREPARED + FREEZE_AND_JOIN) == ["True", "True", "9 9"]


def test_what_systemd_does_not_hand_out_is_refused(run_as_user):
    """Debian's systemd delegates memory, pids and cpu to users, not cpuset."""
    (refusal,) = run_as_user(PREPARED + CPUSET)
    assert refusal == (
        "Unavailable|cpuset_cpus: user ann has no delegated cpuset cgroup"
        "|run as root, or --allow-unenforced cpuset_cpus"
    )
