"""Ended at any system call, or two at once: the record is last, and the next one goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from launched.programs import HANDED_OVER
from launched.remains import Traces

#: What stands for a container whose process ended before the machine was booted.
RECORD = {
    "info": {"init": {"pid": 7, "start": 1, "boot": "another"}, "detached": True},
    "id": "box",
    "bundle": "/",
    "rootfs": "/",
    "version": "1.0.2",
    "created": "then",
    "annotations": {},
    "runtime": "linux",
    "terminal": False,
    "owner": 0,
}


def group_of(name: str) -> Path:
    """A new control group, in the first hierarchy that lets us make one."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, *_ = line.split()
        if kind in ("cgroup", "cgroup2"):
            try:
                (Path(point) / name).mkdir()
            except OSError:
                continue
            return Path(point) / name
    raise AssertionError("no hierarchy of control groups")


class Ended:
    """A container that has ended, made anew as often as is needed."""

    def __init__(self, root: Path) -> None:
        self.root, self.place = root, root / "box"
        self.group = Path("/")

    def make(self, number: int) -> None:
        self.place.mkdir(parents=True)
        self.group = group_of(f"cloche-launcher-{os.getpid()}-{number}")
        (self.group / "beneath").mkdir()
        node = {"version": 2, "controllers": [], "path": str(self.group), "inode": None}
        notes = {"id": "box", "nodes": [node], "scope": None, "unit": None}
        for name, what in (("state.json", RECORD), ("cgroup.json", notes), ("config.json", {})):
            (self.place / name).write_text(json.dumps(what, separators=(",", ":")))

    def is_gone(self) -> bool:
        return not self.place.exists() and not self.group.exists()

    def can_be_found(self) -> bool:
        return (self.place / "state.json").exists() or not self.group.exists()


@pytest.fixture
def ended(tmp_path) -> Iterator[Ended]:
    if os.geteuid() != 0:
        pytest.skip("bundles with ids of this machine need root")
    made = Ended(tmp_path / "state")
    yield made
    for path in (made.group / "beneath", made.group):
        if path.name.startswith(("cloche-launcher", "beneath")) and path.exists():
            path.rmdir()


def calls(trace: Path) -> list[tuple[str, int]]:
    """The system calls of a trace in their order, each as the how manieth of its name."""
    counts: Counter[str] = Counter()
    found = []
    for line in trace.read_text().splitlines():
        name, bracket, _ = line.partition("(")
        if bracket and name.isidentifier():
            counts[name] += 1
            found.append((name, counts[name]))
    return found[1:]  # the first is the execution itself


@pytest.mark.slow
def test_a_deletion_that_is_killed_at_any_system_call_is_ended_by_the_next(ended, alone, tmp_path):
    delete = [alone, "--root", ended.root, "delete", "box"]
    ended.make(0)
    trace = tmp_path / "trace"
    assert subprocess.run(["strace", "-o", trace, *delete], timeout=60).returncode == 0
    known = calls(trace)
    assert {"flock", "unlinkat"} <= {name for name, _ in known}
    for number, (name, nth) in enumerate(known, 1):
        ended.make(number)
        at = ["-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={nth}"]
        subprocess.run(["strace", "-o", trace, *at, *delete], timeout=60)
        assert ended.can_be_found(), f"{name} {nth}"
        code = subprocess.run([*delete, "--force"], timeout=60).returncode
        if ended.place.exists():  # what has no record any more is for Python to take away
            assert (code, os.listdir(ended.place)) == (HANDED_OVER, []), f"{name} {nth}"
            ended.place.rmdir()
        else:
            assert code == 0, f"{name} {nth}"
        assert ended.is_gone(), f"{name} {nth}"


@pytest.mark.slow
def test_of_many_deletions_at_once_one_does_it(ended, alone):
    delete = [alone, "--root", ended.root, "delete", "--force", "box"]
    for number in range(20):
        ended.make(1000 + number)
        running = [subprocess.Popen(delete) for _ in range(4)]
        codes = {each.wait(60) for each in running}
        assert 0 in codes
        assert codes <= {0, HANDED_OVER}, "it was gone when they had the lock"
        assert ended.is_gone()


def test_of_many_starts_at_once_one_does_it(oci, alone):
    oci.create("sleep", "1000")
    start = [alone, "--root", oci.state, "start", "box"]
    running = [subprocess.Popen(start) for _ in range(4)]
    assert sorted(each.wait(60) for each in running) == [0, *[HANDED_OVER] * 3]
    assert oci.status() == "running"


def test_a_deletion_waits_for_whoever_has_the_container(oci, alone):
    oci.create("sleep", "1000")
    traces = Traces.of(oci)
    hold = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], 0), 2); print(); input()"
    words = [sys.executable, "-c", hold, oci.state / "box"]
    holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    deletion = subprocess.Popen([alone, "--root", oci.state, "delete", "--force", "box"])
    with pytest.raises(subprocess.TimeoutExpired):
        deletion.wait(0.3)
    assert traces.alive()
    holder.communicate(b"\n")
    assert deletion.wait(60) == 0
    assert not traces.alive()
