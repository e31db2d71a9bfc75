"""Whoever is killed, whenever: soon no process is left, and after the next engine nothing at all.

``CLOCHE_KILLS`` says how often an embedding process is killed at a random moment (default 8).
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest

import cloche

EMBEDDER = Path(__file__).with_name("embedder.py")
KILLS = int(os.environ.get("CLOCHE_KILLS", "8"))
PATIENCE = 20.0

pytestmark = pytest.mark.slow


def processes(state: Path, mark: str) -> list[str]:
    """What runs for it: in its containers, by their environment; keepers and calls by name."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            ours = mark.encode() in (entry / "environ").read_bytes()
        except OSError:
            continue
        if ours or (str(state).encode() in command and b"embedder.py" not in command):
            found.append(f"{entry.name} {command!r}")
    return found


def mounts(state: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if str(state) in line]


def groups(state: Path) -> list[str]:
    mark = f"cloche-oci-{crc32(os.fsencode(state / 'data/oci')):08x}-"
    return [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/{mark}*")]


def containers(state: Path) -> list[str]:
    """What lies where containers have their directories: bundles, writable layers."""
    places = (state / "run/containers", state / "data/overlay/containers", state / "data/oci/state")
    return [str(path) for place in places for path in place.glob("*") if not _is_empty(path)]


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def alive(state: Path, mark: str) -> list[str]:
    """What must end by itself. A group may stay empty: who kept its container ends with that."""
    held = [group for group in groups(state) if _members(group)]
    return [*processes(state, mark), *mounts(state), *held]


def _members(group: str) -> str:
    try:
        return Path(group, "cgroup.procs").read_text()
    except OSError:
        return ""


def left(state: Path, mark: str) -> list[str]:
    return [*processes(state, mark), *mounts(state), *groups(state)]


def comes_to_nothing(look: Callable[[], list[str]]) -> list[str]:
    deadline = time.monotonic() + PATIENCE
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("runtime", ["oci:crun", "oci:runc"])
def test_after_a_kill_at_any_moment_nothing_is_left(runtime: str, tmp_path: Path) -> None:
    state, mark = tmp_path / "state", f"CLOCHE_TEST_{uuid.uuid4().hex}"
    rng = random.Random(uuid.uuid4().int)
    for _ in range(KILLS):
        command = [sys.executable, str(EMBEDDER), str(state), runtime, mark]
        embedder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert embedder.stdout is not None
        assert embedder.stdout.readline() == "begun\n"
        time.sleep(rng.uniform(0, 1.5))
        assert embedder.poll() is None
        embedder.kill()
        embedder.wait()
        embedder.stdout.close()
        assert comes_to_nothing(lambda: alive(state, mark)) == []
    with cloche.Engine(root=str(state), runtime=runtime) as engine:
        engine.prune()
        assert engine.run(["true"]).returncode == 0
    assert comes_to_nothing(lambda: containers(state)) == []
    assert left(state, mark) == []


def test_the_counters_see_what_is_left(tmp_path: Path) -> None:
    """While a container runs, each of them has something to count."""
    state, mark = tmp_path / "state", f"CLOCHE_TEST_{uuid.uuid4().hex}"
    with (
        cloche.Engine(root=str(state), runtime="oci:runc") as engine,
        engine.start(["sleep", "300"], env={mark: "1"}),
    ):
        assert len(processes(state, mark)) >= 3  # its keeper, its init, its program
        assert groups(state)
        assert containers(state)
    assert left(state, mark) == []
