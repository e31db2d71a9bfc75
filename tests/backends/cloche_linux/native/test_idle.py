"""A thousand containers that wait cost next to nothing."""

from __future__ import annotations

import gc
import os
import resource
import signal
import tracemalloc
from pathlib import Path

import pytest

from cloche_linux.kernel import Namespace

pytestmark = pytest.mark.slow

COUNT = 1000


@pytest.fixture
def plan(sandbox) -> bytes:
    """An idle container, without a network namespace: those are the kernel's cost, not ours."""
    plan = sandbox.begin(Namespace.MOUNT | Namespace.UTS | Namespace.IPC)
    plan.pivot()
    plan.ready()
    plan.idle()
    return plan.encode()


@pytest.fixture
def crowd(sandbox, plan):
    """A thousand of them, what Python allocated for them, and the threads that came."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sandbox.start(plan)
    threads = len(os.listdir("/proc/self/task"))
    gc.collect()
    tracemalloc.start()
    for _ in range(COUNT):
        sandbox.start(plan)
    gc.collect()
    allocated, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield sandbox.children, allocated, len(os.listdir("/proc/self/task")) - threads
    for child in sandbox.children:
        child.kill(signal.SIGKILL)
    sandbox.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def kilobytes(pid: int, file: str, *fields: str) -> int:
    lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.split(":")[0] in fields)


def test_a_thousand_idle_containers(crowd):
    """No thread and half a kilobyte each here; private pages and page tables of init there."""
    children, allocated, threads = crowd
    assert threads <= 0
    assert allocated / COUNT < 500
    some = children[:: COUNT // 20]
    private = [kilobytes(child.pid, "smaps_rollup", "Private_Dirty") for child in some]
    tables = [kilobytes(child.pid, "status", "VmPTE") for child in some]
    assert max(private) <= 40
    assert max(tables) <= 40
