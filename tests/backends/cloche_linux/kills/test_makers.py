"""Whoever makes what outlives it is killed, whenever: what lives on is found, and can be removed.

``CLOCHE_KILLS`` says how often that happens at a random moment (default 25).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import cloche

from .census import Census, settled, take

KILLS = int(os.environ.get("CLOCHE_KILLS", "25"))
MAKER = Path(__file__).with_name("maker.py")
Embedder = Callable[..., subprocess.Popen[str]]


def keepers(state: Path) -> dict[str, str]:
    """The ids of the containers whose keepers live, with the keepers' pids."""
    return dict(
        found for pid in os.listdir("/proc") if pid.isdecimal() for found in _of(pid, state)
    )


def _of(pid: str, state: Path) -> list[tuple[str, str]]:
    try:
        if Path(f"/proc/{pid}/comm").read_text() != "cloche-keeper\n":
            return []
        files = [os.readlink(f"/proc/{pid}/fd/{file}") for file in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return []
    return [(Path(file).name, pid) for file in files if file.startswith(str(state))]


@pytest.fixture
def before(tmp_path: Path, mark: str) -> Census:
    """What an engine leaves on purpose."""
    with cloche.Engine(root=tmp_path / "state", runtime="linux") as engine:
        engine.prune()
    return take(tmp_path / "state", mark)


def check(state: Path, mark: str, before: Census) -> None:
    """See that all that lives is known, and that nothing is left once that is removed."""
    with cloche.Engine(root=state, runtime="linux") as engine:
        found = {each.id: each for each in engine.list(all=True)}
        assert keepers(state).keys() <= found.keys()
        for each in found.values():
            each.remove(force=True)
        assert engine.list(all=True) == []
        engine.prune()

    def look() -> dict[str, list[str]]:
        # Of first processes nobody can say whose they are, but they end with their keepers.
        more = take(state, mark).more_than(before)
        files = [
            name for name in more.get("files", []) if "containers/" in name or "trash/" in name
        ]
        left = {
            "mounts": more.get("mounts", []),
            "cgroups": more.get("cgroups", []),
            "files": files + [str(path) for path in state.glob("data/linux/kept/*/*")],
            "keepers": [*keepers(state)],
        }
        return {kind: names for kind, names in left.items() if names}

    assert settled(look) == {}


@pytest.mark.parametrize(
    "words",
    [
        '"creating"',
        "cgroup.json",
        '"owner": ',
        '"info": ',
        '"created"',
        '"starting"',
        '"removing"',
        "/trash/",
    ],
)
def test_a_kill_at_each_step_leaves_nothing_unknown(
    embedder: Embedder, tmp_path: Path, mark: str, before: Census, words: str
) -> None:
    process = embedder(words, program=MAKER)
    assert process.wait(60) == -signal.SIGKILL, "the step was never reached"
    check(tmp_path / "state", mark, before)


def test_kills_at_random_moments_leave_nothing_unknown(
    embedder: Embedder, tmp_path: Path, mark: str, before: Census
) -> None:
    dice = random.Random(7)
    for _ in range(KILLS):
        process = embedder(program=MAKER)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(dice.uniform(0, 0.1))
        process.kill()
        assert process.wait() == -signal.SIGKILL
        check(tmp_path / "state", mark, before)
