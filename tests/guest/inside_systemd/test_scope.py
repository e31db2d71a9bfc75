"""A user in a login session gets limits by a scope that systemd makes for each container."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

USER = 1000
MANAGER = Path(f"/sys/fs/cgroup/user.slice/user-{USER}.slice/user@{USER}.service")

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
print(group.by_attach, group.clone_into, group.info["nodes"])
pid, go = child(lambda: bytearray(80 << 20))
group.attach(pid)
print(group.info["nodes"][0]["path"])
stats = group.stats()
print(stats.memory_limit >> 20, stats.pids_limit, stats.pids)
os.write(go, b"x")
print(os.waitpid(pid, 0)[1], group.oom_kills())
group.remove()
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

CPUSET = """
try:
    planned(cpu=LinuxCPU(cpus="0"))
except Exception as error:
    print(type(error).__name__, error, error.remedy, sep="|")
"""


def run_as_user(code: str) -> list[str]:
    """Run code as the user, in a group of root's as a login session is."""
    result = subprocess.run(
        [sys.executable, "-c", PREPARED + code],
        user=USER,
        group=USER,
        extra_groups=[],
        env={
            "XDG_RUNTIME_DIR": f"/run/user/{USER}",
            "PYTHONPATH": os.environ["PYTHONPATH"],
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert result.stderr == ""
    return result.stdout.splitlines()


def test_limits_hold_in_the_scope():
    by_attach, path, stats, ending = run_as_user(OUT_OF_MEMORY)
    assert by_attach == "True None []"
    assert path == f"{MANAGER}/app.slice/cloche-c1.scope/container"
    assert stats == "40 9 1"
    assert ending == "9 1"


def test_nothing_of_it_is_left():
    run_as_user(OUT_OF_MEMORY)
    deadline = time.monotonic() + 20
    while list(MANAGER.rglob("cloche*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert list(MANAGER.rglob("cloche*")) == []


def test_another_process_joins_and_both_stand_still():
    assert run_as_user(FREEZE_AND_JOIN) == ["True", "True", "9 9"]


def test_what_systemd_does_not_hand_out_is_refused():
    """Debian's systemd delegates memory, pids and cpu to users, not cpuset."""
    (refusal,) = run_as_user(CPUSET)
    assert refusal == (
        "Unavailable|cpuset_cpus: user ann has no delegated cpuset cgroup"
        "|run as root, or --allow-unenforced cpuset_cpus"
    )
