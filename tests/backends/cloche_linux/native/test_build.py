"""What is compiled is small, static, strict, and compiles for both architectures."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

import cloche_linux.plan

PACKAGE = Path(cloche_linux.plan.__file__).parent


def test_the_helper_is_small():
    assert (PACKAGE / "_helper").stat().st_size < 60_000


def test_the_helper_needs_nothing(tmp_path):
    shown = subprocess.run(
        ["readelf", "--wide", "--program-headers", "--dynamic", PACKAGE / "_helper"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert "INTERP" not in shown
    assert "There is no dynamic section" in shown
    (stack,) = [line for line in shown.splitlines() if "GNU_STACK" in line]
    assert "RWE" not in stack


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="no aarch64 cross compiler")
def test_the_helper_compiles_for_aarch64(compiler, tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "aarch64-linux-gnu-gcc")
    made = compiler.build_helper(tmp_path).read_bytes()
    assert struct.unpack_from("<H", made, 18)[0] == 183
    assert len(made) < 90_000, "its pages may have 64 KiB, to which segments are aligned"


def test_the_launcher_is_small_and_needs_nothing(compiler, tmp_path):
    launcher = compiler.build_launcher(tmp_path)
    assert launcher.stat().st_size < 40_000
    command = ["readelf", "--wide", "--program-headers", "--dynamic", launcher]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "INTERP" not in shown
    assert "There is no dynamic section" in shown


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="no aarch64 cross compiler")
def test_the_launcher_compiles_for_aarch64(compiler, tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "aarch64-linux-gnu-gcc")
    assert struct.unpack_from("<H", compiler.build_launcher(tmp_path).read_bytes(), 18)[0] == 183


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("clang"), reason="clang is not installed")
def test_all_compile_with_clang(compiler, tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "clang")
    assert compiler.build_helper(tmp_path).exists()
    assert compiler.build_extension(tmp_path).exists()
    assert compiler.build_launcher(tmp_path).exists()


def test_a_compiler_that_is_missing_is_named(compiler, tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "/nonexistent/cc")
    with pytest.raises(compiler.Missing) as missing:
        compiler.build_helper(tmp_path)
    assert missing.value.package == "gcc"


def test_c_that_does_not_compile_is_not_called_missing(compiler, tmp_path):
    with pytest.raises(compiler.CompilerFailed, match="planted"):
        compiler.build_helper(tmp_path, ["-DNULL=0", "-Derror", "--planted"])
