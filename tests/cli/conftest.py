"""What tests of the command line have."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]


class Said(NamedTuple):
    """What the program wrote, and how it ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """Ours, with the packages of this checkout in front."""
    paths = [str(ROOT / room) for room in ("core", "backends", "cli")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "100", **more}


@pytest.fixture
def start_cloche(tmp_path) -> Callable[..., subprocess.Popen[bytes]]:
    """Starts the command line and leaves its streams to the test."""

    def start(*words: str, **streams: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "cloche_cli", *words],
            env=environment(CLOCHE_ROOT=str(tmp_path / "root")), **streams,
        )  # fmt: skip

    return start


@pytest.fixture
def cloche(tmp_path) -> Callable[..., Said]:
    """Runs the command line as a program of its own, with a place of its own to keep things."""

    def run(*words: str, input: str = "", **more: str) -> Said:
        finished = subprocess.run(
            [sys.executable, "-m", "cloche_cli", *words],
            input=input, capture_output=True, text=True, timeout=60,
            env=environment(CLOCHE_ROOT=str(tmp_path / "root"), **more),
        )  # fmt: skip
        return Said(finished.returncode, finished.stdout, finished.stderr)

    return run
