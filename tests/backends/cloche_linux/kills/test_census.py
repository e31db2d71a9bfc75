"""The counters see each kind of leak: every kind is planted once."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .census import places, take


@contextmanager
def leaked_process(state: Path, mark: str) -> Iterator[None]:
    process = subprocess.Popen(["sleep", "60"], env={**os.environ, mark: "1"})
    yield
    process.kill()
    process.wait()


@contextmanager
def leaked_namespace(state: Path, mark: str) -> Iterator[None]:
    process = subprocess.Popen(["unshare", "--net", "sleep", "60"], env={**os.environ, mark: "1"})
    while os.readlink(f"/proc/{process.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
        pass
    yield
    process.kill()
    process.wait()


@contextmanager
def leaked_mount(state: Path, mark: str) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "leak", str(state)], check=True)
    yield
    subprocess.run(["umount", str(state)], check=True)


@contextmanager
def leaked_cgroup(state: Path, mark: str) -> Iterator[None]:
    group = places(mark)[0] / "leak"
    group.mkdir(parents=True)
    yield
    group.rmdir()
    group.parent.rmdir()


@contextmanager
def leaked_file(state: Path, mark: str) -> Iterator[None]:
    (state / "leak").touch()
    yield
    (state / "leak").unlink()


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (leaked_process, "processes"),
        (leaked_namespace, "namespaces"),
        (leaked_mount, "mounts"),
        (leaked_cgroup, "cgroups"),
        (leaked_file, "files"),
    ],
)
def test_a_planted_leak_is_seen_and_its_end_too(plant, kind, tmp_path: Path, mark: str) -> None:
    before = take(tmp_path, mark)
    with plant(tmp_path, mark):
        assert kind in take(tmp_path, mark).more_than(before)
    assert take(tmp_path, mark).more_than(before) == {}
