"""The wheel for Windows under Windows' own Python: what `cloche backends` says of it there."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from service.building import service_for_windows

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
WPY = ROOT / "tests/windows/python/wpy"

Windows = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def windows(build, checkout, tmp_path) -> Callable[..., Windows]:
    """Builds a wheel, unpacks it as an install would, and runs Windows' Python with it.

    Its Windows is one of its own: what is in its System32, others are not to see.
    """

    def windows(**variables: str) -> Windows:
        wheel = build(checkout, CLOCHE_PLATFORM_TAG="win_amd64", **variables)
        zipfile.ZipFile(wheel).extractall(tmp_path / "site")

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            environment = {
                "PYTHONPATH": "Z:" + str(tmp_path / "site").replace("/", "\\"),
                "WINEPREFIX": str(tmp_path / "windows"),
            }
            return subprocess.run(
                [WPY, *arguments], env=os.environ | environment, cwd=tmp_path,
                capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL,
            )  # fmt: skip

        return run

    yield windows
    subprocess.run(["wineserver", "-k"], env=os.environ | {"WINEPREFIX": str(tmp_path / "windows")})
    shutil.rmtree(tmp_path / "windows", ignore_errors=True)


def lines_about(name: str, shown: str) -> str:
    """What a table says of one backend, and of what to do."""
    lines = iter(shown.splitlines())
    for line in lines:
        if f" {name} " in line:
            return f"{line} {next(lines, '')}"
    raise AssertionError(f"nothing is said of {name}:\n{shown}")


def test_the_wheel_has_what_a_windows_needs_but_the_feature(windows, tmp_path, monkeypatch):
    run = windows()
    loaded = run("-c", "import cloche_hcs._vmcompute as module; print(module.__file__)")
    assert "\\site\\cloche_hcs\\_vmcompute.pyd" in loaded.stdout, loaded.stderr
    without = lines_about("hcs", run("-m", "cloche_cli", "backends").stdout)
    assert "there is no vmcompute.dll in System32" in without
    assert "-FeatureName Containers" in without
    shutil.copy(service_for_windows(), tmp_path / "windows/drive_c/windows/system32/vmcompute.dll")
    assert lines_about("hcs", run("-m", "cloche_cli", "backends").stdout).split()[2] == "80"
    (tmp_path / "rules").write_text("fault\tHcsEnumerateComputeSystems\t*\t0x8037011B\n")
    monkeypatch.setenv("ORACLE_DLL_CONFIG", "Z:" + str(tmp_path / "rules").replace("/", "\\"))
    denied = lines_about("hcs", run("-m", "cloche_cli", "backends").stdout)
    assert "this user may not use the Host Compute Service" in denied
    assert "run elevated" in denied


def test_without_a_compiler_the_install_says_what_is_missing(windows):
    run = windows(CC="/nonexistent/cc")
    shown = lines_about("hcs", run("-m", "cloche_cli", "backends").stdout)
    assert "installed without its compiled part: gcc-mingw-w64-x86-64 is missing" in shown
    assert "install Cloche from its wheel for Windows" in shown
