"""Whoever is killed, whenever: at once no process or mount is left, and soon nothing at all.

``CLOCHE_KILLS`` says how often an embedding process is killed at a random moment (default 25).
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
AT_ONCE = ("processes", "mounts", "namespaces")
Embedder = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def before(tmp_path: Path, mark: str) -> Census:
    """What an engine leaves on purpose: its directories, layers that are kept for the next."""
    state = tmp_path / "state"
    with cloche.Engine(root=state, runtime="linux") as engine:
        engine.prune()
    return take(state, mark)


def gone_at_once(state: Path, mark: str, before: Census) -> dict[str, list[str]]:
    """What is left of the kinds that must not outlive the embedding process."""

    def look() -> dict[str, list[str]]:
        left = take(state, mark).more_than(before)
        return {kind: names for kind, names in left.items() if kind in AT_ONCE}

    return settled(look, 1.0)


def cleaned(state: Path, mark: str, before: Census) -> dict[str, list[str]]:
    """What is left after the next engine has begun, beside what is kept on purpose."""
    with cloche.Engine(root=state, runtime="linux") as engine:
        assert engine.list(all=True) == []

    def look() -> dict[str, list[str]]:
        left = take(state, mark).more_than(before)
        left["files"] = [name for name in left.get("files", []) if not _kept(name)]
        return {kind: names for kind, names in left.items() if names}

    return settled(look)


def _kept(name: str) -> bool:
    """Shared layers and directories, the cache of verdicts, and the lock of this process itself."""
    return not any(place in name for place in ("containers/", "trash/", "names/idle"))


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    assert process.wait() == -signal.SIGKILL


@pytest.mark.parametrize(
    "words",
    [
        '"created"',
        ".upper",
        '"spec"',
        "cgroup.json",
        "mkdir ('/sys/fs/cgroup",
        '"starting"',
        '"removing"',
        "rmdir ('/sys/fs/cgroup",
        "/trash/",
    ],
)
def test_a_kill_at_each_step_leaves_nothing(
    embedder: Embedder, tmp_path: Path, mark: str, before: Census, words: str
) -> None:
    state = tmp_path / "state"
    process = embedder(words)
    assert process.wait(30) == -signal.SIGKILL, "the step was never reached"
    assert gone_at_once(state, mark, before) == {}
    assert cleaned(state, mark, before) == {}


def test_kills_at_random_moments_leave_nothing(
    embedder: Embedder, tmp_path: Path, mark: str, before: Census
) -> None:
    state = tmp_path / "state"
    dice = random.Random(4)
    found: set[str] = set()
    for _ in range(KILLS):
        process = embedder()
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(dice.uniform(0, 0.08))
        kill(process)
        found |= {_last_step(journal) for journal in (state).rglob("*.journal")}
        assert gone_at_once(state, mark, before) == {}
        assert cleaned(state, mark, before) == {}
    if KILLS >= 1000:
        assert {"creating", "starting"} <= found


def _last_step(journal: Path) -> str:
    lines = journal.read_bytes().split(b"\n")
    steps = [line for line in lines if b'"step":"' in line]
    return steps[-1].split(b'"step":"')[1].split(b'"')[0].decode() if steps else "preparing"
