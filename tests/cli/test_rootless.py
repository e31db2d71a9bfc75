"""The command line in the hands of a user who is not root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from callers.tenant import NOBODY, interpreter


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that this user can reach; a test's usual directory is root's alone."""
    place = Path(tempfile.mkdtemp(prefix="cloche-home-"))
    os.chown(place, NOBODY, NOBODY)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def as_nobody(environment, home) -> Callable[..., subprocess.CompletedProcess[str]]:
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    python = interpreter()
    if python is None:
        pytest.skip("no Python that a normal user may start")
    packages = f"{environment['PYTHONPATH']}:{sysconfig.get_path('purelib')}"
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": packages}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-m", "cloche_cli", *words],
            env=env | {"CLOCHE_ROOT": str(home / "root")}, cwd="/", stdin=subprocess.DEVNULL,
            user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


def test_a_normal_user_runs_containers(as_nobody):
    done = as_nobody("run", "--", "sh", "-c", "id -u; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, "0\n", "")


def test_limits_that_cannot_be_had_are_refused_with_a_way_out(as_nobody):
    done = as_nobody("run", "--memory", "64M", "--", "true")
    assert (done.returncode, done.stderr.splitlines()) == (
        125,
        [
            "cloche: --memory: user nobody has no delegated memory cgroup",
            "hint: run as root, or --allow-unenforced memory",
        ],
    )


def test_limits_may_be_done_without(as_nobody):
    done = as_nobody("run", "-m", "64M", "--allow-unenforced", "memory", "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (0, "ran\n")


def test_a_normal_user_makes_an_image_and_runs_it(as_nobody, home):
    (home / "tree/bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", home / "tree/bin/sh")
    made = as_nobody("import", "-c", 'CMD ["/bin/sh", "-c", "echo it"]', str(home / "tree"), "tiny")
    assert (made.returncode, made.stderr) == (0, "")
    for _ in range(2):
        done = as_nobody("run", "tiny")
        assert (done.returncode, done.stdout, done.stderr) == (0, "it\n", "")


def test_backends_says_what_a_normal_user_lacks(as_nobody):
    done = as_nobody("backends")
    assert done.returncode == 0
    assert "no limits: user nobody has no delegated" in done.stdout
