"""Images and engines for those who control everything inside a container."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cloche


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[cloche.Engine]:
    """An engine of which nothing stays."""
    with cloche.Engine(runtime="linux", root=tmp_path / "state") as engine:
        yield engine
    left = [path for path in (tmp_path / "state").rglob("*") if "containers/" in str(path)]
    assert left == [], "something of a container stays behind"


@pytest.fixture
def image(busybox: str, tmp_path: Path) -> Path:
    """A root of the test's own, to be made hostile."""
    root = tmp_path / "image"
    shutil.copytree(busybox, root, symlinks=True)
    return root


@pytest.fixture
def sh(engine: cloche.Engine, busybox: str) -> Callable[..., str]:
    """Run a shell script in a new container; what it printed, errors too."""

    def run(script: str, **options: object) -> str:
        options.setdefault("rootfs", busybox)
        done = engine.run(
            ["/bin/busybox", "sh", "-c", script],
            stdout=cloche.PIPE, stderr=cloche.STDOUT, text=True, **options,
        )  # fmt: skip
        return str(done.stdout)

    return run


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Compile C for an image without libraries."""
    made: dict[str, Path] = {}

    def build(name: str, source: str) -> Path:
        if name not in made:
            program = tmp_path_factory.mktemp("hostile") / name
            command = [*os.environ.get("CC", "cc").split(), "-static", "-O1", "-w", "-x", "c"]
            subprocess.run([*command, "-", "-o", program], input=source, text=True, check=True)
            made[name] = program
        return made[name]

    return build
