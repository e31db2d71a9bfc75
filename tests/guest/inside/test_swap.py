"""Memory and swap are limited together, which shows only where there is swap."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid

import pytest

from cloche.spec import LinuxMemory, LinuxResources
from cloche_linux import cgroups

MIB = 1 << 20
TAKE_80_MIB = "import sys; sys.stdin.read(1); x = bytearray(80 << 20); print('had it')"


@pytest.mark.parametrize(
    ("memory_and_swap", "expected"), [(48, -signal.SIGKILL), (160, 0), (-1, 0)]
)
def test_what_memory_does_not_hold_goes_to_swap_as_far_as_allowed(memory_and_swap, expected):
    swap = memory_and_swap * MIB if memory_and_swap > 0 else -1
    limits = LinuxResources(memory=LinuxMemory(limit=48 * MIB, swap=swap))
    group = cgroups.plan(limits, id=f"swap-{uuid.uuid4().hex}").create()
    command = [sys.executable, "-I", "-S", "-c", TAKE_80_MIB]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        group.attach(process.pid)
        process.communicate(b"x")
    kills, peak = group.oom_kills(), group.stats().memory_peak
    group.remove()
    assert process.returncode == expected
    assert kills == (1 if expected else 0)
    assert peak <= 48 * MIB
    assert os.path.exists("/proc/swaps")
