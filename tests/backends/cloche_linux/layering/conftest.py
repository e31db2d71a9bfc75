"""The compiler, and a file system that is soon full."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from compiling import load_compiler


@pytest.fixture(scope="session")
def compiler() -> ModuleType:
    """The compile functions, which live beside the packages and in none."""
    return load_compiler()


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[Path]:
    """A file system, for as long as it is needed."""
    place.mkdir()
    subprocess.run(["mount", *options, place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.fixture
def small(tmp_path: Path) -> Callable[..., object]:
    """Mounts a small file system: ``size`` and ``nr_inodes`` as tmpfs takes them."""

    def small(options: str) -> object:
        return mounted(tmp_path / "small", "-t", "tmpfs", "-o", options, "none")

    return small
