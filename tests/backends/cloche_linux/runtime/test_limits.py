"""Limits hold, and are told apart when they end a container."""

from __future__ import annotations

import pytest

import cloche
from cloche import Reason

EAT = "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo ${#x}"


def test_running_out_of_memory_is_a_reason_of_its_own(engine: cloche.Engine, busybox: str) -> None:
    done = engine.run(
        ["sh", "-c", f'exec sh -c "{EAT.replace(chr(36), chr(92) + chr(36))}"'],
        rootfs=busybox,
        memory="32M",
        memory_swap="32M",
        capture_output=True,
    )
    assert (done.reason, done.returncode) == (Reason.OOM, -9)


def test_without_the_limit_the_same_command_ends_well(engine: cloche.Engine, busybox: str) -> None:
    done = engine.run(["sh", "-c", EAT], rootfs=busybox, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "200000000\n")


def test_a_kill_is_not_taken_for_want_of_memory(engine: cloche.Engine, busybox: str) -> None:
    done = engine.run(["sh", "-c", "kill -9 $$"], rootfs=busybox, memory="32M")
    assert (done.reason, done.returncode) == (Reason.SIGNAL, -9)


def test_the_number_of_processes_is_limited(engine: cloche.Engine, busybox: str) -> None:
    script = "for i in $(seq 20); do sleep 5 & done; echo all"
    limited = engine.run(
        ["sh", "-c", script], rootfs=busybox, pids_limit=8, capture_output=True, text=True
    )
    assert limited.stderr is not None
    assert "can't fork: Resource temporarily unavailable" in limited.stderr
    free = engine.run(["sh", "-c", script], rootfs=busybox, capture_output=True, text=True)
    assert free.stdout == "all\n"


def test_exec_is_under_the_limits_of_its_container(engine: cloche.Engine, busybox: str) -> None:
    with engine.start(rootfs=busybox, idle=True, pids_limit=6, memory="64M") as box:
        script = "for i in 1 2 3 4 5 6 7 8; do sleep 5 & done; echo all"
        done = box.run(["sh", "-c", script], capture_output=True, text=True)
        assert done.stderr is not None
        assert "Resource temporarily unavailable" in done.stderr
        stats = box.stats()
        assert (stats.pids_limit, stats.memory_limit) == (6, 64 << 20)


def test_half_a_processor_is_half_a_processor(engine: cloche.Engine, busybox: str) -> None:
    loop = ["sh", "-c", "while :; do :; done"]
    with engine.start(loop, rootfs=busybox, cpus=0.2) as container:
        with pytest.raises(cloche.TimedOut):
            container.wait(1.0)
        usage = container.stats().cpu_usage
        throttled = container.stats().throttled_periods
    assert usage is not None
    assert usage < 0.45e9
    assert throttled


def test_the_container_sees_itself_at_the_top_of_its_groups(
    engine: cloche.Engine, busybox: str
) -> None:
    done = engine.run(
        ["cat", "/proc/self/cgroup"], rootfs=busybox, memory="64M", capture_output=True, text=True
    )
    assert done.stdout is not None
    paths = {line.split(":", 2)[1]: line.split(":", 2)[2] for line in done.stdout.splitlines()}
    assert paths.get("memory", paths.get("")) == "/"


def test_the_least_memory_is_enough_and_less_is_refused(
    engine: cloche.Engine, busybox: str
) -> None:
    assert engine.run(["true"], rootfs=busybox, memory="6M").returncode == 0
    with pytest.raises(cloche.InvalidSpec, match="too few"):
        engine.run(["true"], rootfs=busybox, memory="1M")
