"""Limits hold for real processes, whichever version of control groups holds them."""

from __future__ import annotations

import os
import signal

import pytest

from cloche.spec import LinuxCPU, LinuxMemory, LinuxPids, LinuxResources

MIB = 1 << 20
TAKE_200_MIB = "x = bytearray(200 << 20); print('had it')"


def memory(limit: int, **more: int) -> LinuxResources:
    return LinuxResources(memory=LinuxMemory(limit=limit, **more))


class TestMemory:
    def test_a_process_over_the_limit_is_ended_and_counted(self, groups, inside):
        group = groups(memory(64 * MIB, swap=64 * MIB), unenforced={"memory_swap"})
        assert inside.run(group, TAKE_200_MIB).returncode == -signal.SIGKILL
        assert group.oom_kills() == 1

    def test_a_process_below_the_limit_is_not(self, groups, inside):
        group = groups(memory(400 * MIB))
        assert inside.run(group, TAKE_200_MIB).stdout == "had it\n"
        assert group.oom_kills() == 0

    def test_a_kill_by_somebody_else_is_not_taken_for_want_of_memory(self, groups, inside):
        group = groups(memory(64 * MIB))
        process = inside.start(group, "import time; time.sleep(60)")
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert group.oom_kills() == 0

    def test_only_the_child_that_is_too_big_is_ended(self, groups, inside):
        group = groups(memory(64 * MIB, swap=64 * MIB), unenforced={"memory_swap"})
        code = f"import os\nif not os.fork():\n  {TAKE_200_MIB}\n  os._exit(0)\nprint(os.wait()[1])"
        assert inside.run(group, code).stdout == f"{int(signal.SIGKILL)}\n"
        assert group.oom_kills() == 1


COUNT_FORKS = """
import os, time
made = []
try:
    while len(made) < 20:
        pid = os.fork()
        if not pid:
            time.sleep(60)
        made.append(pid)
except OSError as error:
    print(error.errno)
print(len(made))
for pid in made:
    os.kill(pid, 9)
"""


class TestPids:
    def test_a_fork_too_many_fails_with_eagain(self, groups, inside):
        group = groups(LinuxResources(pids=LinuxPids(limit=6)))
        assert inside.run(group, COUNT_FORKS).stdout.split() == ["11", "5"]

    def test_without_a_limit_the_same_forks_succeed(self, groups, inside):
        group = groups(LinuxResources(pids=LinuxPids(limit=-1)))
        assert inside.run(group, COUNT_FORKS).stdout.split() == ["20"]


BURN_CPU = """
import time
begin, used = time.monotonic(), time.process_time()
while time.monotonic() - begin < 0.6:
    pass
print((time.process_time() - used) / (time.monotonic() - begin))
"""


class TestCPU:
    def test_a_quota_throttles(self, groups, inside):
        cpu = LinuxCPU(quota=10_000, period=100_000)
        group = groups(LinuxResources(cpu=cpu))
        share = float(inside.run(group, BURN_CPU).stdout)
        assert share < 0.5
        assert group.stats().throttled_periods >= 2
        assert group.stats().throttled_time > 0

    def test_a_quota_of_all_processors_does_not(self, groups, inside):
        group = groups(LinuxResources(cpu=LinuxCPU(quota=10_000_000, period=100_000)))
        inside.run(group, BURN_CPU)
        assert group.stats().throttled_periods == 0

    def test_a_cpuset_binds(self, groups, inside):
        code = "import os; print(os.sched_getaffinity(0))"
        last = max(os.sched_getaffinity(0))
        bound = groups(LinuxResources(cpu=LinuxCPU(cpus=str(last), mems="0")))
        assert inside.run(bound, code).stdout == f"{{{last}}}\n"
        free = groups(LinuxResources(cpu=LinuxCPU(mems="0")))
        assert inside.run(free, code).stdout == f"{os.sched_getaffinity(0)}\n"


class TestUpdate:
    @pytest.mark.parametrize("sizes", [(64, 32), (64, 256)], ids=["down", "up"])
    def test_memory_and_swap_change_together(self, groups, sizes):
        """The kernel takes the two in one order only, which depends on the direction."""
        first, second = (size * MIB for size in sizes)
        group = groups(memory(first, swap=first), unenforced={"memory_swap"})
        group.update(memory(second, swap=second), unenforced={"memory_swap"})
        assert group.stats().memory_limit == second

    def test_a_limit_that_the_group_did_not_have_reaches_running_processes(self, groups, inside):
        group = groups(memory(64 * MIB))
        process = inside.start(group, f"sys.stdin.buffer.read(1)\n{COUNT_FORKS}")
        group.update(LinuxResources(pids=LinuxPids(limit=3)))
        assert group.stats().pids_limit == 3
        assert process.communicate(b"x")[0].split() == [b"11", b"2"]

    def test_limits_not_named_stay(self, groups):
        group = groups(LinuxResources(memory=LinuxMemory(limit=64 * MIB), pids=LinuxPids(limit=9)))
        group.update(memory(32 * MIB))
        assert (group.stats().memory_limit, group.stats().pids_limit) == (32 * MIB, 9)
