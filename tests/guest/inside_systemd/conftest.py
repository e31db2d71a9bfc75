"""A user whose own processes are in a group of root's, as those of a login session are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

USER = 1000


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
