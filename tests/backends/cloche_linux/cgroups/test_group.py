"""Making, finding again and removing groups; how processes get in, and what is left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cloche.errors import AlreadyExists, BackendError, CleanupFailed
from cloche.spec import LinuxCPU, LinuxMemory, LinuxPids, LinuxResources
from cloche_linux import cgroups
from cloche_linux.cgroups import Group

LIMITS = LinuxResources(
    memory=LinuxMemory(limit=64 << 20),
    pids=LinuxPids(limit=50),
    cpu=LinuxCPU(quota=50_000, period=100_000),
)
SLEEP = "import time; time.sleep(60)"
JOIN = """
import os, sys
for descriptor in sys.argv[1:]:
    os.write(int(descriptor), b"0")
print("in", flush=True)
"""


def test_without_limits_no_group_is_needed():
    assert cgroups.plan(None, id="c1") is None
    assert cgroups.plan(LinuxResources(), id="c1") is None
    assert cgroups.plan(LinuxResources(memory=LinuxMemory(), pids=LinuxPids()), id="c1") is None


def test_planning_makes_nothing(directories):
    plan = cgroups.plan(LIMITS, id="planned-only", need_freezer=True, need_stats=True)
    assert [node["path"] for node in plan.info["nodes"] if os.path.exists(node["path"])] == []


def test_a_second_group_of_the_same_name_is_refused_and_the_first_stays(groups, directories):
    group = groups(LIMITS)
    with pytest.raises(AlreadyExists):
        cgroups.plan(LIMITS, id=group.id).create()
    assert all(os.path.isdir(path) for path in directories(group))


def test_a_limit_that_the_kernel_refuses_leaves_nothing(count_groups):
    nonsense = LinuxResources(pids=LinuxPids(limit=5), cpu=LinuxCPU(cpus="4000", mems="0"))
    plan = cgroups.plan(nonsense, id="refused-by-the-kernel")
    before = count_groups()
    with pytest.raises(BackendError) as caught:
        plan.create()
    assert "cpuset_cpus: the kernel refuses '4000'" in str(caught.value)
    assert count_groups() == before


def test_removal_takes_every_directory_and_can_be_repeated(groups, directories):
    group = groups(LIMITS, need_freezer=True, need_stats=True)
    paths = directories(group)
    assert all(map(os.path.isdir, paths))
    group.remove()
    assert not any(map(os.path.exists, paths))
    group.remove()


def test_removal_takes_groups_made_inside(groups, directories):
    group = groups(LIMITS)
    for path in directories(group):
        os.makedirs(f"{path}/of the container/deeper")
    group.remove()
    assert not any(map(os.path.exists, directories(group)))


def test_removal_waits_for_the_dying(groups, inside):
    group = groups(LIMITS)
    code = "import os\nfor _ in range(4): os.fork()\n" + SLEEP
    inside.start(group, code)
    while len(group.pids()) < 16:
        time.sleep(0.01)
    group.kill()
    group.remove()


def test_what_is_removed_is_only_what_was_made(groups, directories):
    """A namesake that somebody made after ours was gone is not ours to remove."""
    group = groups(LIMITS)
    path = directories(group)[0]
    os.rmdir(path)
    os.mkdir(path)
    group.remove()
    try:
        assert os.path.isdir(path)
    finally:
        os.rmdir(path)


def test_a_group_with_living_processes_is_not_removed_silently(groups, inside, directories):
    from cloche_linux.cgroups.node import Node
    from cloche_linux.cgroups.removal import remove

    group = groups(LIMITS)
    process = inside.start(group, SLEEP)
    node = Node.load(group.info["nodes"][0])
    with pytest.raises(CleanupFailed, match=str(process.pid)):
        remove(node, patience=0.05)


def test_a_group_is_found_again_by_its_record(groups, inside):
    group = groups(LIMITS)
    process = inside.start(group, SLEEP)
    found = Group.load(group.info)
    assert found.info == group.info
    assert found.pids() == [process.pid]


def test_the_record_of_the_plan_finds_the_group_as_well(groups):
    plan = cgroups.plan(LIMITS, id="found-by-plan")
    assert Group.load(plan.info).info["nodes"] == []
    plan.create()
    found = Group.load(plan.info)
    assert len(found.info["nodes"]) == len(plan.info["nodes"])
    found.remove()
    assert Group.load(plan.info).info["nodes"] == []


def test_a_group_that_is_gone_answers_all_the_same(groups):
    group = groups(LIMITS)
    info = group.info
    group.remove()
    gone = Group.load(info)
    assert (gone.pids(), gone.oom_kills(), gone.frozen) == ([], None, False)
    gone.kill()
    gone.thaw()
    gone.remove()


def test_a_process_of_one_thread_joins_by_itself(groups, directories):
    """The v1 way in that doesn't wait; v2 has nothing to join this way."""
    group = groups(LIMITS)
    command = [sys.executable, "-I", "-S", "-c", JOIN + SLEEP, *map(str, group.join_fds)]
    with subprocess.Popen(command, pass_fds=group.join_fds, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        for node in group.info["nodes"]:
            listed = Path(node["path"], "cgroup.procs").read_text().split()
            assert (str(process.pid) in listed) == (node["version"] == 1)
        process.kill()


def test_descriptors_are_given_back(groups):
    before = len(os.listdir("/proc/self/fd"))
    group = groups(LIMITS, need_freezer=True)
    assert group.join_fds or group.clone_into is not None
    group.close()
    group.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_everything_running_can_be_adopted(groups, inside):
    """A container that began without a group gets one later, its forks included."""
    first, second = groups(LIMITS), groups(LIMITS)
    process = inside.start(first, "import os\nfor _ in range(3): os.fork()\n" + SLEEP)
    second.adopt(first.pids)
    assert process.pid in second.pids()
    assert first.pids() == []


def test_a_process_that_is_gone_is_reported(groups):
    group = groups(LIMITS)
    with subprocess.Popen(["/bin/true"]) as process:
        process.wait()
    with pytest.raises(ProcessLookupError):
        group.attach(process.pid)


def test_killing_reaches_processes_that_keep_forking(groups, inside):
    group = groups(LinuxResources(pids=LinuxPids(limit=40)))
    code = (
        "import os\n"
        "while True:\n"
        "  try: os.fork()\n"
        "  except OSError: pass\n"
        "  try:\n"
        "    while os.waitpid(-1, os.WNOHANG)[0]: pass\n"
        "  except ChildProcessError: pass\n"
    )
    inside.start(group, code)
    while len(group.pids()) < 10:
        time.sleep(0.01)
    deadline = time.monotonic() + 30
    while group.pids() and time.monotonic() < deadline:
        group.kill()
    assert group.pids() == []


@pytest.fixture
def count_groups(groups, directories):
    """Count the groups beneath where ours are made."""
    group = groups(LinuxResources(pids=LinuxPids(limit=5), cpu=LinuxCPU(cpus="0", mems="0")))
    parents = [os.path.dirname(path) for path in directories(group)]
    return lambda: sum(name.startswith("refused") for p in parents for name in os.listdir(p))


def test_measuring_comes_along_only_where_there_is_a_group_anyway():
    assert cgroups.plan(None, id="c1", along=True) is None
    alone = cgroups.plan(LIMITS, id="c1").info["nodes"]
    assert len(cgroups.plan(LIMITS, id="c1", along=True).info["nodes"]) >= len(alone)
