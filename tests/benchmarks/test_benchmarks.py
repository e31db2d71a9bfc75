"""Every benchmark works, at its least size; what it finds then is not judged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
NAMES = (
    *("run", "heap", "exec", "host", "phases", "limits"),
    *("throughput", "output", "idle", "import", "cold", "oci", "life", "podman", "service"),
    *("image", "unpack", "pull"),
)
PEERS = {
    "run": {"runc run", "crun run", "bwrap"},
    "exec": {"runc exec", "crun exec"},
    "host": {"runc run", "crun run"},
    "limits": {"runc run", "crun run"},
    "throughput": {"runc run", "crun run", "bwrap"},
    "output": {"plain pipe", "runc run", "crun run"},
    "cold": {"runc run", "crun run", "podman run"},
    "oci": {"runc run", "crun run"},
    "life": {"runc life", "crun life"},
    "podman": {"podman run, cloche", "podman run, runc", "podman run, crun"},
    "service": {"the same calls by hand"},
    "image": {"of a directory"},
    "unpack": {"podman load", "umoci unpack"},
    "pull": {"podman pull"},
}


@pytest.fixture
def benchmarks() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command that prints the figures."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(FOLDER), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=300)

    return run


def test_the_names_of_the_benchmarks_are_these(benchmarks):
    assert tuple(benchmarks("--list").stdout.split()) == NAMES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_prints_its_figures(benchmarks, name):
    """Parity with every peer is asserted by the benchmark itself, before it times anything."""
    done = benchmarks("--tiny", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"\n{name}: " in done.stdout
    assert {peer for peer in PEERS.get(name, ()) if f"\n  {peer} " not in done.stdout} == set()


def test_an_unknown_name_is_an_error(benchmarks):
    assert benchmarks("no-such-benchmark").returncode == 2
