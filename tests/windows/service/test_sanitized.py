"""The stand-in under the sanitizers: a session of its own tests, with a planted bug as control."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from service.building import service_for_linux

HERE = Path(__file__).parent
TESTS = ["test_notifications.py", "test_accounting.py", "test_removal.py", "test_processes.py"]

pytestmark = pytest.mark.slow


def run(code: str) -> subprocess.CompletedProcess[str]:
    """A Python with the sanitizers' library loaded first, which they ask for."""
    runtime = subprocess.run(
        ["clang", "-print-file-name=libclang_rt.asan-x86_64.so"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    settings = {
        "LD_PRELOAD": runtime,
        "ASAN_OPTIONS": "detect_leaks=0:symbolize=0",
        "UBSAN_OPTIONS": "halt_on_error=1",
        "PYTHONMALLOC": "malloc",
        "SANITIZED_SERVICE": str(service()),
    }
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | settings, cwd=HERE.parents[2],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def service() -> Path:
    return service_for_linux(sanitized=True, compiler="clang")


@pytest.mark.parametrize("name", TESTS)
def test_nothing_is_found(name):
    here = "not real and not command_line"  # programs that it starts would be preloaded, too
    arguments = ["-q", "-p", "no:cacheprovider", "-k", here, str(HERE / name)]
    done = run(f"import pytest, sys; sys.exit(pytest.main({arguments!r}))")
    assert "ERROR: AddressSanitizer" not in done.stderr
    assert "runtime error" not in done.stderr
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_planted_bug_is_found():
    """A string that is freed twice."""
    done = run(
        "import ctypes, os\n"
        "library = ctypes.CDLL(os.environ['SANITIZED_SERVICE'])\n"
        "images = ctypes.c_void_p()\n"
        "library.GetBaseImages(ctypes.byref(images))\n"
        "for _ in range(2): library.CoTaskMemFree(images)\n"
    )
    assert "attempting double-free" in done.stderr
    assert done.returncode != 0
