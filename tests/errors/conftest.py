"""The command line as people run it, and what it changes on disk."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest


class Said(NamedTuple):
    """What a command told, and how it ended."""

    code: int
    out: str
    err: list[str]


class Run(Protocol):
    def __call__(self, *words: str) -> Said: ...


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def environment(state: Path) -> dict[str, str]:
    own = {"CLOCHE_ROOT": str(state), "CLOCHE_CONFIG": "", "COLUMNS": "100"}
    return {**os.environ, **own}


@pytest.fixture
def cloche(environment: dict[str, str], tmp_path: Path) -> Run:
    """Runs a command to its end, from a directory of the test's own."""

    def run(*words: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "cloche_cli", *words],
            env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr.splitlines())

    return run


@pytest.fixture
def web(cloche: Run, environment: dict[str, str]) -> Iterator[None]:
    """A container called web that another terminal runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cloche_cli", "run", "--name", "web", "--", "sleep", "1000"],
        env=environment,
    )
    try:
        deadline = time.monotonic() + 20
        while not cloche("ps", "-q").out:
            assert time.monotonic() < deadline, "it does not run"
        yield
    finally:
        cloche("rm", "-f", "web")
        process.wait(20)


@pytest.fixture
def unchanged(cloche: Run, state: Path) -> Callable[[], None]:
    """Tells whether all is as it was, after a first command that made what all share.

    A command that has ended leaves its lock, which the next one takes away.
    """
    cloche("run", "--", "true")
    cloche("pull", "127.0.0.1:1/nothing")
    cloche("ps")
    before = snapshot(state)

    def check() -> None:
        cloche("ps")
        assert snapshot(state) == before

    return check


def snapshot(state: Path) -> dict[str, int]:
    """Files with their time of change, and directories.

    Not what is kept of this machine: verdicts on backends, and the copy of its /etc, which is made
    again when a user is added.
    """
    ours = [path for path in state.rglob("*") if "/overlay/host/" not in str(path)]
    files = {path: path.lstat().st_mtime_ns for path in ours if not path.is_dir()}
    return {str(path): files.get(path, 0) for path in ours if path.name != "verdicts.json"}
