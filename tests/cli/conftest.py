"""What tests of the command line have."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 20


class Said(NamedTuple):
    """What the program wrote, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def program() -> list[str]:
    """The command line, to be started as a program of its own."""
    return [sys.executable, "-m", "cloche_cli"]


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """Ours, with this checkout in front and a place of the test's own to keep things."""
    paths = [str(ROOT / room) for room in ("core", "backends", "cli")]
    own = {"PYTHONPATH": os.pathsep.join(paths), "CLOCHE_ROOT": str(tmp_path / "root")}
    return {**os.environ, **own, "COLUMNS": "100", "TERM": "xterm"}


@pytest.fixture
def cloche(program, environment) -> Callable[..., Said]:
    """Runs the command line to its end."""

    def run(*words: str, input: str = "", cwd: Path | None = None, **more: str) -> Said:
        finished = subprocess.run(
            [*program, *words],
            input=input, capture_output=True, text=True, timeout=60, cwd=cwd,
            env=environment | more,
        )  # fmt: skip
        return Said(finished.returncode, finished.stdout, finished.stderr)

    return run


@pytest.fixture
def start_cloche(program, environment) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts the command line and leaves it to the test; it is ended afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str, **streams: int) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([*program, *words], env=environment, **streams))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in filter(None, (process.stdin, process.stdout, process.stderr)):
            stream.close()
    # Whoever comes next clears up after what was killed: its control groups, above all.
    subprocess.run([*program, "ps"], env=environment, capture_output=True, check=False)


@pytest.fixture
def until() -> Callable[..., object]:
    """Waits for something to become true."""

    def wait(truth: Callable[[], object]) -> object:
        deadline = time.monotonic() + PATIENCE
        while not (found := truth()):
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.02)
        return found

    return wait


@pytest.fixture
def box(cloche, start_cloche, until) -> Callable[..., subprocess.Popen[bytes]]:
    """Runs a named container in another terminal, and returns when it runs."""

    def run(name: str, *words: str, **streams: int) -> subprocess.Popen[bytes]:
        command = words if words else ("--", "sleep", "1000")
        process = start_cloche("run", "--name", name, *command, **streams)
        until(lambda: cloche("ps", "-q", "--filter", f"name={name}").out)
        return process

    return run
