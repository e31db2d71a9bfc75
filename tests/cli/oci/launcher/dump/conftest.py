"""A `cloche-oci` of the test's own, in an environment of its own, which makes dumps."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import cffi
import pytest
from launched.programs import HANDED_OVER

ROOT = Path(__file__).parents[5]
MINOR = sys.version_info.minor
#: Seconds: what was written so long ago is not taken for what is being written.
AGO = 60


class Said(NamedTuple):
    code: int
    out: str
    err: str


class Program:
    """An installation whose sources and whose launcher are the test's own."""

    def __init__(self, place: Path, launcher: Path, python: Path | None = None) -> None:
        self.place = place
        for room in ("backends", "cli"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / room, place / room, ignore=ignored)
        self.folder = place / "backends/cloche_linux/launcher"
        self.cache = self.folder / "__pycache__"
        self.file = self.cache / f"dump.3.{MINOR}.{os.geteuid()}"
        self.draft = self.file.with_name(f"{self.file.name}.draft")
        self.sources = place / "cli/cloche_cli/oci"
        self.environment = {"PATH": "/usr/bin:/bin"}
        self.interpreter = python
        self.install(place / "venv", launcher)

    def install(self, place: Path, launcher: Path) -> None:
        """Be in an environment, which has been there for a while."""
        venv.create(place, symlinks=True)
        self.python = place / f"bin/python3.{MINOR}"
        if self.interpreter is not None:
            for link in (place / "bin").glob("python*"):
                link.unlink()
                link.symlink_to(self.interpreter)
            (place / "pyvenv.cfg").write_text(f"home = {self.interpreter.parent}\n")
        self.launcher = Path(shutil.copy2(launcher, place / "bin/cloche-oci"))
        self.packages = next((place / "lib").iterdir()) / "site-packages"
        rooms = [self.place / "backends", self.place / "cli", ROOT / "core"]
        (self.packages / "_cloche.pth").write_text("".join(f"{each}\n" for each in rooms))
        others = Path(cffi.__file__).parents[1]
        (self.packages / "others.pth").write_text(f"{others}\n")
        age(self.packages, *self.packages.glob("*.pth"), self.launcher, place / "pyvenv.cfg")

    def begin(self, *words: str | bytes, before: Sequence[str] = (), **more: Any):
        """Begin a command, whose output can be read; what is in capitals are variables."""
        variables = {name: more.pop(name) for name in [*more] if name.isupper()}
        return subprocess.Popen(
            [*before, str(self.launcher), *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=self.environment | variables, **{"cwd": "/", **more},
        )  # fmt: skip

    def __call__(self, *words: str | bytes, **how: Any) -> Said:
        process = self.begin(*words, **how)
        out, err = process.communicate(timeout=60)
        return Said(process.returncode, out, err)

    def by_python(self, *words: str | bytes, **how: Any) -> Said:
        """The same without a dump, since somebody tells Python something."""
        return self(*words, PYTHONNODEBUGRANGES="1", **how)

    def going_on(self, *words: str | bytes, **how: Any) -> Said | None:
        """Run a command where there is no Python to begin; None if it would have been begun."""
        python = self.python.readlink()
        self.python.unlink()
        self.python.write_text(f"#!/bin/sh\nexit {HANDED_OVER}\n")
        self.python.chmod(0o755)
        try:
            said = self(*words, **how)
        finally:
            self.python.unlink()
            self.python.symlink_to(python)
        return None if said.code == HANDED_OVER else said

    def change(self, name: str, old: str, new: str, ago: int = AGO) -> None:
        """Change a source, some time ago."""
        path = self.sources / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        age(path, ago=ago)


def age(*paths: Path, ago: int = AGO) -> None:
    for path in paths:
        os.utime(path, (time.time() - ago,) * 2)


@contextmanager
def _place() -> Iterator[Path]:
    """Where everybody may look, unlike in a test's own directory."""
    with TemporaryDirectory(prefix="cloche-dump-") as place:
        Path(place).chmod(0o755)
        yield Path(place)


@pytest.fixture
def place() -> Iterator[Path]:
    """A place of the test's own."""
    with _place() as place:
        yield place


@pytest.fixture
def program(launcher, place) -> Program:
    """It has made nothing yet."""
    return Program(place, launcher)


@pytest.fixture
def ready(program) -> Program:
    """It has made its dump, which the test may change."""
    return with_dump(program)


@pytest.fixture(scope="session")
def shared(launcher) -> Iterator[Program]:
    """It has made its dump, which nobody changes; everybody has variables of his own."""
    with _place() as place:
        yield with_dump(Program(place, launcher))


@pytest.fixture
def watched(sanitized, place) -> Program:
    """Its launcher is watched by the sanitizers; it has made its dump."""
    return with_dump(Program(place, sanitized))


def with_dump(program: Program) -> Program:
    assert program("list").code == 0
    assert program.file.exists()
    return program


@pytest.fixture
def everybodys(launcher, place) -> Program:
    """The same with Debian's Python, which may be run by others, too, and is not relocatable."""
    python = Path(f"/usr/bin/python3.{MINOR}")
    if not python.exists():
        pytest.skip(f"{python} is not installed")
    return Program(place, launcher, python)
