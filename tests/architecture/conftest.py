"""The source code as the tests of this folder see it: files and their syntax trees."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = {
    "cloche": "core",
    "cloche_hcs": "backends",
    "cloche_linux": "backends",
    "cloche_oci": "backends",
    "cloche_stdio": "backends",
    "cloche_cli": "cli",
}


@dataclass(frozen=True)
class Source:
    """A Python file of the project."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)

    @property
    def room(self) -> str:
        """The import package it belongs to, or the folder for files that are in none."""
        parts = self.path.relative_to(ROOT).parts
        return parts[1] if len(parts) > 2 else parts[0]


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def sources() -> list[Source]:
    """What is shipped and what builds it; tests are not among them."""
    return [Source(path) for top in ("core", "backends", "cli") for path in _python(top)]


@pytest.fixture(scope="session")
def specifications() -> list[Source]:
    """The tests."""
    return [Source(path) for path in _python("tests")]


@pytest.fixture(scope="session")
def rooms() -> dict[str, Path]:
    """Each import package with its folder."""
    return {package: ROOT / top / package for package, top in ROOMS.items()}


@pytest.fixture(scope="session")
def python() -> Callable[[str], str]:
    """Runs code in a fresh interpreter and returns what it printed."""

    def run(code: str) -> str:
        command = [sys.executable, "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return run


def _python(top: str) -> list[Path]:
    return sorted((ROOT / top).rglob("*.py"))
