"""A user gets limits in the part of the tree that was handed over, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

USER = 65534
TOP = Path("/sys/fs/cgroup")

#: Limits itself to 40 MiB and takes 80, in a child; prints where the group was and what came of it.
LIMITED = """
import os, signal
from cloche.errors import ClocheError
from cloche.spec import LinuxCPU, LinuxMemory, LinuxPids, LinuxResources
from cloche_linux import cgroups
limits = LinuxResources(memory=LinuxMemory(limit=40 << 20, swap=40 << 20), pids=LinuxPids(limit=9))
try:
    group = cgroups.plan(limits, id="c1", need_freezer=True).create()
except ClocheError as error:
    raise SystemExit(f"{error}; {error.hint}")
print(group.info["nodes"][0]["path"])
read, write = os.pipe()
if not (pid := os.fork()):
    os.read(read, 1)
    bytearray(80 << 20)
    os._exit(0)
group.attach(pid)
os.write(write, b"x")
print(os.waitpid(pid, 0)[1], group.oom_kills())
group.remove()
"""


@pytest.fixture
def part():
    """A part of the tree that a user owns, with memory and pids but not cpu."""
    outer = TOP / f"part-{uuid.uuid4().hex}"
    inner = outer / "user"
    (TOP / "cgroup.subtree_control").write_text("+memory +pids +cpu")
    outer.mkdir()
    (outer / "cgroup.subtree_control").write_text("+memory +pids")
    inner.mkdir()
    _hand_over(inner)
    yield inner
    for directory, _, _ in os.walk(outer, topdown=False):
        os.rmdir(directory)


def test_in_a_group_beneath_the_part_all_of_it_is_found(part):
    session = part / "session"
    session.mkdir()
    _hand_over(session)
    result = _run_in(session, LIMITED)
    assert result.stderr == ""
    assert result.stdout.split() == [f"{part}/cloche/c1", "9", "1"]


def test_a_controller_that_was_not_handed_over_is_named(part):
    session = part / "session"
    session.mkdir()
    _hand_over(session)
    result = _run_in(
        session, LIMITED.replace("LinuxPids(limit=9)", "LinuxPids(limit=9), cpu=LinuxCPU(shares=5)")
    )
    refusal = (
        "user nobody has no delegated cpu cgroup; run as root, or --allow-unenforced cpu_shares"
    )
    assert result.stderr.strip() == f"cpu_shares: {refusal}"


def test_processes_in_the_part_itself_move_aside_where_it_is_marked_as_delegated(part):
    os.setxattr(part, "user.delegate", b"1")
    result = _run_in(part, LIMITED + "print(open('/proc/self/cgroup').read())")
    assert result.stderr == ""
    assert result.stdout.split()[:3] == [f"{part}/cloche/c1", "9", "1"]
    assert result.stdout.split()[3].endswith("/user/cloche.rest")


def test_unmarked_they_stay_and_limits_are_refused(part):
    result = _run_in(part, LIMITED)
    assert "user nobody has no delegated" in result.stderr
    assert list(part.glob("cloche*")) == []


def test_in_a_cgroup_namespace_of_its_own_the_root_is_cleared_first(part):
    """As in a container that may make groups: its root looks like the machine's, but is not."""
    mount = 'umount /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup && exec "$@"'
    command = [
        "/usr/bin/unshare",
        "-C",
        "-m",
        "sh",
        "-c",
        mount,
        "sh",
        sys.executable,
        "-c",
        LIMITED,
    ]
    result = _run(part, command)
    assert result.stderr == ""
    assert result.stdout.split() == ["/sys/fs/cgroup/cloche/c1", "9", "1"]


def _hand_over(directory: Path) -> None:
    for name in (".", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"):
        os.chown(directory / name, USER, USER)


def _run_in(group: Path, code: str) -> subprocess.CompletedProcess[str]:
    become = (
        f"import os; os.setgroups([]); os.setresgid(*[{USER}] * 3); os.setresuid(*[{USER}] * 3)"
    )
    return _run(group, [sys.executable, "-c", f"{become}\n{code}"])


def _run(group: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    entering = f'echo 0 >{group}/cgroup.procs && exec "$@"'
    return subprocess.run(
        ["sh", "-c", entering, "sh", *command], capture_output=True, text=True, timeout=60
    )
