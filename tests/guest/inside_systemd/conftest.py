"""A user whose own processes are in a group of root's, as those of a login session are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .bundles import oci

USER = 1000
CHECKOUT = Path(__file__).parents[3]
BUNDLES = f"""
import json, os, signal, sys, time
sys.path.insert(0, {str(CHECKOUT)!r})
from tests.guest.inside_systemd.bundles import BUSYBOX, bundle, create, document, oci
place = os.getcwd()
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[str]:
    """A directory for containers of root's, which are taken away after the test."""
    yield str(tmp_path)
    for state in tmp_path.glob("state/*"):
        assert oci(str(tmp_path), "delete", "--force", state.name) == ""


@pytest.fixture
def run_as_user(tmp_path: Path) -> Callable[[str], list[str]]:
    """Run Python code as the user; the lines it wrote."""
    os.chown(tmp_path, USER, USER)
    for parent in tmp_path.parents[:3]:
        parent.chmod(0o755)
    environment = {
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": f"/run/user/{USER}",
        "PYTHONPATH": os.environ["PYTHONPATH"],
        "PATH": "/usr/bin:/bin",
    }

    def run(code: str) -> list[str]:
        result = subprocess.run(
            [sys.executable, "-c", code],
            user=USER,
            group=USER,
            extra_groups=[],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert result.stderr == "", result.stderr
        return result.stdout.splitlines()

    return run
