"""An outsider's distribution, installed beside ours for real."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of installed packages with the plug-in `bare` in it, metadata and all."""
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    options = ["--no-build-isolation", "--disable-pip-version-check", "--root-user-action=ignore"]
    subprocess.run(
        [*command, *options, "--target", str(target), str(HERE / "bare")],
        check=True,
        timeout=120,
    )
    return target


@pytest.fixture
def python(site: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script where the plug-in is installed."""

    def run(script: str, *path: Path, **env: str) -> subprocess.CompletedProcess[str]:
        places = os.pathsep.join(map(str, (*path, site)))
        environment = {**os.environ, "PYTHONPATH": places, "CLOCHE_ROOT": str(tmp_path), **env}
        return subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
        )

    return run
