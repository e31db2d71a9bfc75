"""Measurements move with what processes do, in one shape for all layouts."""

from __future__ import annotations

from cloche.spec import LinuxMemory, LinuxPids, LinuxResources

MIB = 1 << 20
BUSY = """
import time
x = bytearray(50 << 20)
for _ in range(10**6): pass
print("ready", flush=True)
time.sleep(60)
"""


def test_measurements_move(groups, inside):
    group = groups(need_stats=True)
    before = group.stats()
    assert (before.pids, before.oom_kills) == (0, 0)
    assert (before.memory_limit, before.pids_limit) == (None, None)
    inside.start(group, BUSY).stdout.readline()
    after = group.stats()
    assert after.pids == 1
    assert after.memory_usage > 50 * MIB
    assert after.memory_peak >= after.memory_usage
    assert after.cpu_usage > before.cpu_usage
    assert after.cpu_usage > 10_000_000, "nanoseconds"
    assert after.cpu_user + after.cpu_system > 0


def test_limits_are_told(groups):
    limits = LinuxResources(memory=LinuxMemory(limit=64 * MIB), pids=LinuxPids(limit=7))
    stats = groups(limits, need_stats=True).stats()
    assert (stats.memory_limit, stats.pids_limit) == (64 * MIB, 7)


def test_what_is_not_measured_is_none(groups):
    stats = groups(LinuxResources(pids=LinuxPids(limit=7))).stats()
    assert stats.pids == 0
    assert (stats.memory_usage, stats.oom_kills) == (None, None)


def test_the_peak_stays_when_memory_is_given_back(groups, inside):
    group = groups(need_stats=True)
    code = "x = bytearray(60 << 20); del x; print('ready', flush=True); import time; time.sleep(60)"
    inside.start(group, code).stdout.readline()
    stats = group.stats()
    assert stats.memory_peak > 60 * MIB > stats.memory_usage
