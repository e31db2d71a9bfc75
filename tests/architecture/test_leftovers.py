"""What a run leaves is named, of whatever kind it is; what is gone again is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from runs import leftovers
from runs.leftovers import Leftovers, Place

STAT = "17 (a (bad) name) S 1 17 17 0"


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Path:
    """A machine on which nothing is left, and nobody waits for anything."""
    monkeypatch.setattr(leftovers, "PATIENCE", 0.0)
    for place in (
        "proc/self",
        "proc/17",
        "sys/fs/cgroup/pids",
        "sys/class/net",
        "run/netns",
        "tmp",
    ):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text("1 0 0:1 / / rw - ext4 /dev/vda rw\n")
    (tmp_path / "proc/17/stat").write_text(STAT)
    (tmp_path / "proc/17/cmdline").write_bytes(b"sh\0")
    return tmp_path


def mounted(machine: Path) -> None:
    with (machine / "proc/self/mountinfo").open("a") as table:
        table.write("2 1 0:2 / /tmp/x rw - tmpfs tmpfs rw\n")


@pytest.mark.parametrize(
    ("leave", "told"),
    [
        (lambda machine: (machine / "tmp/cloche-x").mkdir(), "files: {}/tmp/cloche-x"),
        (mounted, "mounts: /tmp/x"),
        (
            lambda machine: (machine / "sys/fs/cgroup/pids/cloche-x").mkdir(),
            "control groups: cloche-x",
        ),
        (lambda machine: (machine / "sys/class/net/br7").mkdir(), "devices of the network: br7"),
        (lambda machine: (machine / "run/netns/x").touch(), "namespaces of the network: x"),
        (
            lambda machine: (machine / "proc/17/cmdline").write_bytes(b"python\0-mcloche_cli\0"),
            "processes: 17: python -mcloche_cli",
        ),
    ],
)
def test_what_is_left_is_named(machine, leave, told) -> None:
    seen = Leftovers(Place(machine, machine / "tmp"))
    assert seen.left() == []
    leave(machine)
    assert seen.left() == [told.format(machine)]


def test_what_was_there_before_is_not(machine) -> None:
    (machine / "tmp/cloche-x").mkdir()
    assert Leftovers(Place(machine, machine / "tmp")).left() == []


def test_what_pytest_keeps_is_not(machine) -> None:
    seen = Leftovers(Place(machine, machine / "tmp"))
    (machine / "tmp/pytest-of-root").mkdir()
    assert seen.left() == []


def test_what_is_ending_is_waited_for(machine, monkeypatch) -> None:
    monkeypatch.setattr(leftovers, "PATIENCE", 60.0)
    seen = Leftovers(Place(machine, machine / "tmp"))
    place = machine / "tmp/cloche-x"
    place.mkdir()
    script = f"import os, time; time.sleep(0.5); os.rmdir({os.fspath(place)!r})"
    with subprocess.Popen([sys.executable, "-c", script]):
        assert seen.left() == []


def test_this_machine_has_all_that_is_looked_at() -> None:
    assert "/" in Place().mounts()
    assert "lo" in Place().devices()
