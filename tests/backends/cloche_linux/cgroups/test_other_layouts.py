"""The same tests on other layouts, in a private view of this machine's groups.

What is left out here has its place elsewhere: cgroup v2 with every controller needs a machine of
its own, which tests/guest has.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

#: How to change the view, and the tests that must pass in it.
VIEWS = {
    "v1 alone": (
        "if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi",
        ["freezer", "stats", "group", "limits", "devices", "layout", "paths", "refusals"],
    ),
    "v2 alone, without controllers": (
        "mount -t tmpfs none /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup",
        ["freezer", "layout"],
    ),
}


@pytest.mark.parametrize("view", VIEWS)
def test_it_holds_with(view):
    change, names = VIEWS[view]
    tests = [str(HERE / f"test_{name}.py") for name in names]
    pytest_alone = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    command += [f'{change} && exec "$@"', "sh", *pytest_alone]
    result = subprocess.run(command, capture_output=True, text=True, env=_environment())
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed in " in result.stdout.splitlines()[-1]
    assert "skipped" not in result.stdout


def _environment() -> dict[str, str]:
    """Without what this run of pytest left for its own workers."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {**own, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
