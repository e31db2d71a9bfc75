"""Whole containers of a user's, limited by systemd's delegation."""

from __future__ import annotations

ENDINGS = """
import cloche
take_80_mib = ["/bin/busybox", "dd", "if=/dev/zero", "of=/dev/null", "bs=80M", "count=1"]
for memory in ("40M", "200M"):
    done = cloche.run(take_80_mib, memory=memory, memory_swap=memory, capture_output=True)
    print(done.reason.name, done.returncode)
"""

LIFE = """
import cloche
with cloche.start(idle=True, memory="64M", pids_limit=20, cpus=0.5) as box:
    stats = box.stats()
    print(stats.memory_limit >> 20, stats.pids_limit, stats.pids)
    box.pause()
    print(box.state.name)
    box.resume()
    seen = ["/bin/busybox", "cat", "/proc/self/cgroup"]
    print(box.run(seen, capture_output=True, text=True).stdout.strip())
    print(f".scope/cloche/{box.id}@" in open(f"/proc/{box.pids()[0]}/cgroup").read())
"""

UNLIMITED = """
import cloche
with cloche.start(idle=True) as box:
    print(open(f"/proc/{box.pids()[0]}/cgroup").read().count("cloche"))
    print(box.stats().pids)
    box.pause()
    print(box.state.name)
"""

EXECUTED = """
import cloche
with cloche.start(idle=True, pids_limit=6) as box:
    script = "for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; echo all"
    done = box.run(["/bin/busybox", "sh", "-c", script], capture_output=True, text=True)
    print("Resource temporarily unavailable" in done.stderr)
"""


def test_running_out_of_memory_is_told_apart(run_as_user):
    assert run_as_user(ENDINGS) == ["OOM -9", "EXIT 0"]


def test_it_is_measured_and_paused(run_as_user):
    assert run_as_user(LIFE) == ["64 20 1", "PAUSED", "0::/", "True"]


def test_what_is_executed_is_under_the_limits(run_as_user):
    assert run_as_user(EXECUTED) == ["True"]


def test_without_limits_there_is_no_group_until_one_is_needed(run_as_user):
    assert run_as_user(UNLIMITED) == ["0", "1", "PAUSED"]
