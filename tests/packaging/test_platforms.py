"""The wheels for other platforms, by the documented command; each is what its tag says."""

from __future__ import annotations

import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

MACHINES = {"x86_64": 62, "aarch64": 183}  # e_machine, elf(5)


WEAK = {
    "_ITM_deregisterTMCloneTable",
    "_ITM_registerTMCloneTable",
    "__cxa_finalize",
    "__gmon_start__",
}


@pytest.fixture
def made(snapshot, tmp_path):
    """Builds one platform's wheel and opens it."""

    def made(platform: str) -> zipfile.ZipFile:
        command = [sys.executable, snapshot / "backends/wheels.py", "--out", tmp_path, platform]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        return zipfile.ZipFile(done.stdout.strip())

    return made


def machine(elf: bytes) -> int:
    """e_machine of a 64-bit little-endian ELF file."""
    assert elf[:6] == b"\x7fELF\x02\x01"
    return struct.unpack_from("<H", elf, 18)[0]


@pytest.mark.parametrize("libc", ["manylinux_2_17", "musllinux_1_2"])
@pytest.mark.parametrize("name", MACHINES)
def test_a_linux_wheel_has_both_native_files_for_its_machine(libc, name, made):
    wheel = made(f"{libc}_{name}")
    assert f"cp311-abi3-{libc}_{name}" in wheel.filename
    assert machine(wheel.read("cloche_linux/_helper")) == MACHINES[name]
    assert machine(wheel.read("cloche_oci/_init")) == MACHINES[name]
    assert machine(wheel.read("cloche-0.1.0.data/scripts/cloche-oci")) == MACHINES[name]
    assert machine(wheel.read("cloche_linux/_native.abi3.so")) == MACHINES[name]


def test_the_musl_wheel_wants_nothing_but_python_and_musl(made, tmp_path):
    """Symbol by symbol against the musl of this machine: no glibc is needed to load it."""
    made("musllinux_1_2_x86_64").extract("cloche_linux/_native.abi3.so", tmp_path)
    wanted = symbols(tmp_path / "cloche_linux/_native.abi3.so", "--undefined-only")
    offered = symbols(Path("/lib/ld-musl-x86_64.so.1"), "--defined-only")
    foreign = {name for name in wanted if not name.startswith(("Py", "_Py"))}
    assert "clone" in offered
    assert foreign - offered - WEAK == set()


def symbols(library: Path, which: str) -> set[str]:
    command = ["nm", "--dynamic", which, "--format=posix", library]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {line.split()[0].partition("@")[0] for line in done.stdout.splitlines()}


def test_the_windows_wheel_has_the_binding_and_nothing_of_linux(made):
    wheel = made("win_amd64")
    assert wheel.filename.endswith("-cp311-abi3-win_amd64.whl")
    binding = wheel.read("cloche_hcs/_vmcompute.pyd")
    assert binding[:2] == b"MZ"
    (header,) = struct.unpack_from("<I", binding, 0x3C)
    assert struct.unpack_from("<4sH", binding, header) == (b"PE\0\0", 0x8664)
    assert not [
        name
        for name in wheel.namelist()
        if name.endswith((".so", "_helper", "_init", "_build.json", "cloche-oci"))
    ]


def test_the_binding_of_two_builds_is_the_same(made):
    first, second = (made("win_amd64").read("cloche_hcs/_vmcompute.pyd") for _ in range(2))
    assert first == second


def test_an_unknown_platform_is_refused(snapshot, tmp_path):
    command = [sys.executable, snapshot / "backends/wheels.py", "--out", tmp_path, "riscos_26"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no such platform: riscos_26" in done.stderr


def test_the_manylinux_wheel_runs_a_container_here(made, environment):
    fresh = environment()
    fresh.install(made("manylinux_2_17_x86_64").filename)
    done = fresh.run("cloche", "run", "--", "echo", "hello")
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello\n", "")
