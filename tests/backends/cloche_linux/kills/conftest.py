"""A root to run in, and embedding processes to kill."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .census import places

EMBEDDER = Path(__file__).with_name("embedder.py")


@pytest.fixture(scope="session")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("rootfs")
    root.chmod(0o755)
    (root / "bin").mkdir()
    (root / "bin/busybox").write_bytes(Path("/bin/busybox").read_bytes())
    (root / "bin/busybox").chmod(0o755)
    for name in ("sh", "true", "sleep", "setsid", "echo"):
        (root / "bin" / name).symlink_to("busybox")
    return str(root)


@pytest.fixture
def mark() -> str:
    """A word in the environment of every process of this test's."""
    return f"CLOCHE_TEST_{uuid.uuid4().hex}"


@pytest.fixture
def embedder(
    tmp_path: Path, rootfs: str, mark: str
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the program that is going to be killed."""
    begun: list[subprocess.Popen[str]] = []

    def start(*words: str, program: Path = EMBEDDER) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(program), str(tmp_path / "state"), rootfs, mark, *words],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, mark: "1"},
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    for place in places(mark):
        for group, _, _ in os.walk(place, topdown=False):
            os.rmdir(group)
