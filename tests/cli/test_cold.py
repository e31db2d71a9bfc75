"""A run from a cold start imports nothing that it does not need: that is most of its time."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

#: Each takes between 5 and 100 ms to import.
HEAVY = {
    "asyncio", "concurrent.futures", "ctypes", "email", "http", "importlib.metadata", "logging",
    "multiprocessing", "pydantic", "random", "rich", "shutil", "socket", "subprocess", "tempfile",
    "typer", "typing_extensions", "uuid",
}  # fmt: skip

MODULES = """
import sys
from cloche_cli.main import run
code = run(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--", "true"],
        ["run", "-i", "-eA=1", "-v", "/usr:/x:ro", "--name", "n", "--", "true"],
        ["ps"],
        ["ps", "-a"],
        ["images"],
        ["image", "ls", "-q"],
    ],
    ids=" ".join,
)
def test_a_command_imports_nothing_heavy(environment, words):
    done = subprocess.run(
        [sys.executable, "-c", MODULES, *words],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0
    assert not HEAVY & set(done.stderr.split())


def test_an_image_that_is_here_is_run_without_anything_heavy(environment, cloche, tmp_path):
    (tmp_path / "tree/bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", tmp_path / "tree/bin/true")
    cloche("import", str(tmp_path / "tree"), "tiny")
    words = ["run", "tiny", "/bin/true"]
    for _ in range(2):  # the first one unpacks
        done = subprocess.run(
            [sys.executable, "-c", MODULES, *words],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0
    assert not {*HEAVY, "httpx", "ssl", "zstandard", "isal", "tarfile"} & set(done.stderr.split())


def test_a_refusal_imports_nothing_of_the_engine(environment):
    done = subprocess.run(
        [sys.executable, "-c", MODULES, "run", "-p", "80:80", "--", "true"],
        env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 125
    assert not {"cloche.engine", "typer"} & set(done.stderr.split())
