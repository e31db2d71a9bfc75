"""Builds and installs, each in a place of its own; the checkout is never written to."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    def install(self, *arguments: str | Path, **variables: str) -> None:
        pip = [self.python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        run([*pip, *arguments], variables)

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Runs a program of the environment; the caller judges how it ended."""
        program = self.folder / "bin" / command[0]
        return subprocess.run(
            [program, *command[1:]],
            env=os.environ | variables, cwd=self.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip


def run(command: list[str | Path], variables: Mapping[str, str]) -> str:
    """Runs a build step; what it printed is part of the failure, if it fails."""
    done = subprocess.run(
        command, env=os.environ | variables, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def checkout(snapshot: Path, tmp_path: Path) -> Path:
    """A copy of the project to build in."""
    return Path(shutil.copytree(snapshot, tmp_path / "checkout"))


def copy_of_the_project(to: Path) -> Path:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Path]:
    """Builds the one distribution that `python -m build` was asked for."""

    def build(project: Path, kind: str = "--wheel", **variables: str) -> Path:
        return build_distribution(project, tmp_path / f"built{kind}", kind, **variables)

    return build


def build_distribution(project: Path, out: Path, kind: str, **variables: str) -> Path:
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "build", kind, "--no-isolation", "--outdir", out, project]
    run(command, variables)
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all workers."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def snapshot(shared: Path) -> Path:
    """Everything that a commit of this moment would have; the same for all workers."""
    with alone_in(shared):
        if not (shared / "snapshot").exists():
            copy_of_the_project(shared / "snapshot")
    return shared / "snapshot"


@pytest.fixture(scope="session")
def wheel(shared: Path, snapshot: Path) -> Path:
    """The wheel for this machine, built once for all workers."""
    with alone_in(shared):
        if built := list((shared / "wheel").glob("*.whl")):
            return built[0]
        return build_distribution(snapshot, shared / "wheel", "--wheel")


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keeps the other workers out."""
    with (folder / "packaging.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def environment(tmp_path: Path) -> Callable[..., Environment]:
    """Makes a fresh virtual environment of any interpreter."""

    def environment(python: str | Path = sys.executable) -> Environment:
        run([python, "-m", "venv", tmp_path / "venv"], {})
        return Environment(tmp_path / "venv")

    return environment
