"""Speed by leaving something out is seen: each thing that a peer lacks ends a benchmark."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent

#: Compares runc with a runc that has the changed specification.
CODE = """
from contenders import started
from oci import running
from place import place
from setting import Setting

with place() as made:
    setting = Setting(made, 1, tiny=True)
    spec = setting.spec
    changed = {change}
    with started([running("runc", setting), running("runc", setting, changed, number=2)], setting):
        print("alike")
"""
LINUX = "spec.replace(linux=spec.linux.replace({}))"
PROCESS = "spec.replace(process=spec.process.replace({}))"


def compared(change: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(FOLDER), "CLOCHE_ROOT": str(tmp_path / "state")}
    command = [sys.executable, "-c", CODE.format(change=change)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_the_same_specification_is_found_alike(tmp_path):
    done = compared("spec", tmp_path)
    assert (done.returncode, done.stdout) == (0, "alike\n"), done.stderr


@pytest.mark.parametrize(
    "change",
    [
        LINUX.format("seccomp=None"),
        LINUX.format("masked_paths=()"),
        LINUX.format("masked_paths=spec.linux.masked_paths[:-1] + ('/proc/version',)"),
        LINUX.format("readonly_paths=()"),
        LINUX.format("namespaces=[n for n in spec.linux.namespaces if n.type != 'network']"),
        LINUX.format("namespaces=[n for n in spec.linux.namespaces if n.type != 'ipc']"),
        PROCESS.format("no_new_privileges=False"),
        PROCESS.format("capabilities=None"),
        PROCESS.format(
            "capabilities=spec.process.capabilities.replace(bounding=['CAP_SYS_ADMIN'])"
        ),
    ],
)
def test_what_one_of_them_lacks_is_seen(tmp_path, change):
    done = compared(change, tmp_path)
    assert done.returncode == 1
    assert "AssertionError" in done.stderr
    assert "alike" not in done.stdout
