"""Most of what a command takes is imports: which they are can only change by changing this list."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

#: What of the standard library the commands may import, with all that it imports in turn.
STANDARD = (
    *("collections.abc", "contextlib", "enum", "errno", "fcntl", "functools", "gc", "importlib"),
    *("math", "operator", "os.path", "pwd", "resource", "select", "signal", "stat", "struct"),
    *("time", "types", "warnings"),
)
#: The parts in C of modules that are too heavy as a whole.
COMPILED = {"_socket", "_json", "_cffi_backend"}
#: How many modules of ours a command may import. Whoever raises a number makes the command slower.
OURS = {"run": 160, "create": 156, "exec": 156, "start": 92, "state": 76, "kill": 76, "delete": 76}

SHOW = """
import sys
from cloche_cli.oci.program import run
code = run(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    print(*sys.modules, file=file)
sys.exit(code)
"""
KNOW = f"import sys, {', '.join(STANDARD)}; print(*sys.modules)"


@pytest.fixture(scope="module")
def known() -> set[str]:
    told = subprocess.run([sys.executable, "-c", KNOW], capture_output=True, text=True, check=True)
    return {*told.stdout.split(), *COMPILED, "__future__", "encodings.ascii"}


@pytest.fixture
def imported(oci, tmp_path, known):
    """Runs a command; returns the modules that it imported, and fails if it fails."""

    def run(*words: str) -> set[str]:
        told = tmp_path / "modules"
        command = [sys.executable, "-c", SHOW, str(told), "--root", str(oci.state), *words]
        with open(tmp_path / "said", "w+") as said:
            done = subprocess.run(
                command, env=oci.environment, stdin=subprocess.DEVNULL,
                stdout=said, stderr=said, timeout=60,
            )  # fmt: skip
            said.seek(0)
            assert done.returncode == 0, said.read()
        return set(told.read_text().split())

    return run


def check(command: str, modules: set[str], known: set[str]) -> None:
    ours = {name for name in modules if name.partition(".")[0].startswith("cloche")}
    assert modules - ours - known == set()
    assert len(ours) <= OURS[command], sorted(ours)


def test_a_container_is_run_without_anything_else(oci, imported, known):
    check("run", imported("run", "--bundle", oci.bundle("true"), "once"), known)


def test_the_commands_of_a_containers_life_import_nothing_else(oci, imported, known, tmp_path):
    process = tmp_path / "process.json"
    process.write_text(json.dumps({"args": ["true"], "cwd": "/", "user": {"uid": 0, "gid": 0}}))
    bundle = oci.bundle("sleep", "1000")
    check("create", imported("create", "--bundle", bundle, "box"), known)
    check("start", imported("start", "box"), known)
    check("state", imported("state", "box"), known)
    check("exec", imported("exec", "--process", str(process), "--detach", "box"), known)
    check("kill", imported("kill", "box", "KILL"), known)
    oci.until("stopped")
    check("delete", imported("delete", "box"), known)
