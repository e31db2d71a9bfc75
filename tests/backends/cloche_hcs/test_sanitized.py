"""The binding under the address and undefined behaviour sanitizers, driven by its own tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from compiling import load_compiler

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="mingw has no sanitizers"),
]

HERE = Path(__file__).parent
FLAGS = (
    *("-O1", "-g", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all"),
    "-fsanitize=address,undefined",
)
#: Everything else of the package is as it is; this one module comes from another folder.
BEFORE = """
import sys
import cloche_hcs
cloche_hcs.__path__.insert(0, sys.argv.pop(1))
import cloche_hcs._vmcompute
"""
RUN_TESTS = """
import pytest
sys.exit(pytest.main(sys.argv[1:]))
"""
#: The end of this text is missing: looking for it leads past its memory.
PLANTED = """
from cloche_hcs._vmcompute import ffi, lib
units = ffi.new("uint16_t[8]", [65] * 8)
print(lib.cloche_length(units))
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a program with the sanitized binding; Python's own leaks are not what is looked for."""
    made = load_compiler().build_vmcompute(tmp_path_factory.mktemp("sanitized"), FLAGS)

    def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        sanitizers = {
            "LD_PRELOAD": runtime("libasan.so"),
            "PYTHONMALLOC": "malloc",
            "ASAN_OPTIONS": "detect_leaks=0",
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }
        return subprocess.run(
            [sys.executable, "-c", BEFORE + program, str(made.parent), *arguments],
            env=os.environ | sanitizers, capture_output=True, text=True, timeout=600,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return run


def runtime(name: str) -> str:
    """Where gcc has a library."""
    asked = ["gcc", f"-print-file-name={name}"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("tests", ["test_vmcompute.py", "test_pump.py", "test_calling.py"])
def test_nothing_is_found(tests: str, run: Run) -> None:
    quiet = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "not cost_less")
    done = run(RUN_TESTS, *quiet, str(HERE / tests))
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "ERROR: AddressSanitizer" not in done.stderr
    assert "runtime error" not in done.stderr


def test_a_planted_fault_is_found(run: Run) -> None:
    done = run(PLANTED)
    assert done.returncode != 0
    assert "AddressSanitizer: heap-buffer-overflow" in done.stderr
    assert "cloche_length" in done.stderr
