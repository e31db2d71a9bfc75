"""What a container imports in its life is in a dump already: who imports more has to add it."""

from __future__ import annotations

import subprocess
import sys

import pytest

SHOW = """
import os, sys
from cloche_cli.oci.program import run
code = run(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    print(*(name for name in sys.modules if name.startswith("cloche")), file=file)
os._exit(code)
"""
#: Begins Python and the launcher, makes the dump, or is C.
ELSEWHERE = {"cloche_linux._native.lib", "cloche_linux._native", "cloche_linux.launcher.boot"}


@pytest.fixture(scope="session")
def kept(shared) -> bytes:
    """The names of files before the memory."""
    return shared.file.read_bytes()[: 1 << 17]


@pytest.fixture
def imported(oci, tmp_path):
    """Runs a command; the modules of ours that it has imported by its end."""

    def run(*words: str) -> set[str]:
        command = [sys.executable, "-c", SHOW, str(tmp_path / "told"), "--root", str(oci.state)]
        with open(tmp_path / "said", "w+") as said:
            code = subprocess.run(
                [*command, *words], env=oci.environment, stdin=subprocess.DEVNULL,
                stdout=said, stderr=said, timeout=60, check=False,
            ).returncode  # fmt: skip
        assert code == 0, (tmp_path / "said").read_text()
        return set((tmp_path / "told").read_text().split())

    return run


def lacking(kept: bytes, modules: set[str]) -> set[str]:
    def is_there(name: str) -> bool:
        path = name.replace(".", "/")
        return any(f"/{path}{end}\0".encode() in kept for end in (".py", "/__init__.py"))

    return {name for name in modules - ELSEWHERE if not is_there(name)}


def test_of_a_run(kept, imported, oci):
    assert lacking(kept, imported("run", "--bundle", oci.bundle("true"), "once")) == set()


def test_of_what_podman_asks_for(kept, imported, oci):
    """A filter of system calls, limits, a place among the control groups."""

    def change(config) -> None:
        config["linux"]["cgroupsPath"] = f"/cloche-contents-{oci.place.name}"
        config["linux"]["resources"] = {"pids": {"limit": 100}, "memory": {"limit": 100 << 20}}
        config["linux"]["seccomp"] = {
            "defaultAction": "SCMP_ACT_ALLOW",
            "syscalls": [{"names": ["reboot"], "action": "SCMP_ACT_ERRNO"}],
        }

    bundle = oci.bundle("sleep", "1000", change=change)
    assert lacking(kept, imported("create", "--bundle", bundle, "box")) == set()
    assert lacking(kept, imported("exec", "--detach", "box", "true")) == set()
    assert lacking(kept, imported("kill", "box", "KILL")) == set()
    oci.until("stopped")
    assert lacking(kept, imported("delete", "box")) == set()
