"""One wheel for every Python that this machine has, Debian's and others."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

VERSIONS = ("3.11", "3.12", "3.13", "3.14")


def interpreters() -> list[str]:
    """The interpreters found on this machine, none of them twice."""
    places = [*os.environ["PATH"].split(os.pathsep), "/usr/bin"]
    places += map(str, Path.home().glob(".pyenv/versions/*/bin"))
    names = [shutil.which(f"python{v}", path=place) for v in VERSIONS for place in places]
    return sorted({_base(name) for name in names if name} - {""})


def _base(python: str) -> str:
    """The interpreter behind a virtual environment or a shim; empty where it does not start."""
    code = "import os, sys; print(os.path.realpath(sys._base_executable))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize("python", interpreters())
def test_it_installs_and_runs_a_container(python, environment, wheel):
    fresh = environment(python)
    fresh.install(wheel)
    code = "import cloche; print(cloche.run(['id', '-u'], capture_output=True, text=True).stdout)"
    done = fresh.run("python", "-X", "dev", "-W", "error", "-c", code)
    assert (done.stdout.strip(), done.stderr) == ("0", "")
