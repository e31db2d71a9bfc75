"""Normal users run containers by crun and runc, with and without subordinate ids."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from callers.tenant import NOBODY, PROJECT, interpreter, python_path, tenant

Run = Callable[..., "subprocess.CompletedProcess[str]"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def renter() -> Iterator[int]:
    with tenant("oci", 0) as uid:
        yield uid


@pytest.fixture(params=["single map", "ranges"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """Run Python as a user who is not root."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    uid = NOBODY if request.param == "single map" else request.getfixturevalue("renter")
    gid, python = pwd.getpwuid(uid).pw_gid, interpreter()
    assert python is not None, "there is no Python that normal users can run (Debian: python3)"
    home = Path(tempfile.mkdtemp(prefix="cloche-home-"))
    os.chown(home, uid, gid)
    env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "CLOCHE_ROOT": str(home / "root")}
    env |= {"PYTHONPATH": python_path(), "PYTHONDONTWRITEBYTECODE": "1"}

    def start(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, *words], env={**env, "PLACE": str(home)}, user=uid, group=gid,
            extra_groups=[], cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=300,
        )  # fmt: skip

    yield start
    shutil.rmtree(home)


@pytest.mark.parametrize("runtime", ["crun", "runc"])
def test_a_container_runs_and_leaves_nothing(run: Run, runtime: str) -> None:
    """Its root is the user, and no privilege comes of it."""
    script = "id -u; touch /usr/made; cat /etc/shadow; exit 4"
    done = run("-m", "cloche_cli", "run", "--runtime", runtime, "--", "sh", "-c", script)
    assert (done.returncode, done.stdout) == (4, "0\n"), done.stderr
    assert "/etc/shadow" in done.stderr
    left = run("-c", "import os; print(*os.listdir(os.environ['CLOCHE_ROOT'] + '/run/containers'))")
    assert left.stdout.split() == []


def test_what_it_lacks_is_said(run: Run) -> None:
    done = run("-m", "cloche_cli", "backends")
    oci = done.stdout.partition("oci ")[2].partition("\nruntime ")[0]
    assert "no limits: this user has no control groups: run as root" in oci
    refused = run("-m", "cloche_cli", "run", "--runtime", "runc", "-m", "32M", "--", "true")
    assert refused.returncode == 125
    assert "no control groups" in refused.stderr


#: Runs the suite in a copy of its file, for expectations of runs as root are not those of these.
SUITE = """
import os, pytest, shutil, sys
place = os.environ["PLACE"]
os.mkdir(f"{place}/suite")
file = shutil.copy(sys.argv[1], f"{place}/suite/test_suite.py")
more = ["--import-mode=importlib", "-p", "no:cacheprovider", "--basetemp", f"{place}/t"]
sys.exit(pytest.main(["-q", "-c", os.devnull, "--rootdir", place, *more, file, "-k", sys.argv[2]]))
"""


@pytest.mark.parametrize(
    ("run", "name"), [("single map", "Crun"), ("ranges", "Runc")], indirect=["run"]
)
def test_the_contracts_own_tests_pass(run: Run, name: str) -> None:
    """What needs control groups is skipped by name; nothing else is."""
    suite = PROJECT / "tests/backends/cloche_oci/test_conformance.py"
    done = run("-c", SUITE, str(suite), f"Test{name}")
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed, 8 skipped" in done.stdout.splitlines()[-1]
