"""A Python that normal users can run, with this project's packages: nothing of /root is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
PACKAGES = (
    "core/cloche",
    "backends/cloche_hcs",
    "backends/cloche_linux",
    "backends/cloche_oci",
    "backends/cloche_stdio",
    "cli/cloche_cli",
)
NOBODY = 65534


def lend(place: Path) -> list[str]:
    """Copy packages and what they depend on to ``place``; the command that runs Python there."""
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "_native")
        shutil.copytree(ROOT / package, place / Path(package).name, ignore=ignored)
    shutil.copy(Path(__file__).parents[1] / "faults/injection.py", place)
    for name in ("cloche", "pytest"):
        for distribution in _needed(name, set()):
            _copy(distribution, place)
    for program in _interpreters():
        if _works(program, place):
            return [program, "-P"]
    pytest.fail("there is no Python that normal users can run (Debian: python3)")


def environment(place: Path) -> dict[str, str]:
    """What a normal user's environment has, and no more."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(place),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
    }


def _needed(name: str, seen: set[str]) -> Iterator[metadata.Distribution]:
    if name in seen:
        return
    seen.add(name)
    distribution = metadata.distribution(name)
    yield distribution
    for line in distribution.requires or ():
        requirement, _, condition = line.partition(";")
        word = re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]
        if "extra" not in condition and _is_installed(word):
            yield from _needed(word, seen)


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _copy(distribution: metadata.Distribution, place: Path) -> None:
    for file in distribution.files or ():
        source = Path(str(distribution.locate_file(file)))
        outside = ".." in file.parts or file.suffix in (".pyc", ".pth")
        if not outside and source.is_file():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place / file)


def _interpreters() -> Iterator[str]:
    yield os.path.realpath(sys.executable)
    yield f"/usr/bin/python3.{sys.version_info.minor}"


def _works(program: str, place: Path) -> bool:
    code = "import cloche, cloche_linux.spawn, cloche_cli.main, pydantic, typer"
    try:
        done = subprocess.run(
            [program, "-c", code],
            env=environment(place),
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            cwd="/",
        )
    except OSError:
        return False
    return done.returncode == 0
