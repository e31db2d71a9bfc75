"""Whole containers on cgroup v2: what the parameters promise, held by the kernel."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import cloche
from cloche import Reason

#: Its buffer is filled before it's written.
TAKE_80_MIB = ["dd", "if=/dev/zero", "of=/dev/null", "bs=80M", "count=1"]


@pytest.fixture
def root(tmp_path: Path) -> str:
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    os.link(os.path.realpath("/bin/busybox"), root / "bin/busybox")
    for name in ("sh", "head", "tail", "wc", "cat", "sleep", "true", "seq", "dd"):
        (root / "bin" / name).symlink_to("busybox")
    return str(root)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[cloche.Engine]:
    before = _groups()
    with cloche.Engine(runtime="linux", root=tmp_path / "state") as engine:
        yield engine
    assert _groups() == before


def _groups() -> list[str]:
    return sorted(str(path) for path in Path("/sys/fs/cgroup/cloche").glob("*/"))


def shell(engine: cloche.Engine, root: str, script: str, **options: object):
    return engine.run(
        ["sh", "-c", script], rootfs=root, capture_output=True, text=True, timeout=60, **options
    )


def test_running_out_of_memory_is_a_reason_of_its_own(engine, root):
    done = shell(
        engine, root, f"exec tail -c {80 << 20} /dev/zero", memory="40M", memory_swap="40M"
    )
    assert (done.reason, done.returncode) == (Reason.OOM, -9)


def test_a_kill_is_not(engine, root):
    done = shell(engine, root, "kill -9 $$", memory="40M")
    assert (done.reason, done.returncode) == (Reason.SIGNAL, -9)


def test_with_more_memory_the_same_command_ends_well(engine, root):
    done = engine.run(TAKE_80_MIB, rootfs=root, memory="200M", memory_swap="200M")
    assert (done.reason, done.returncode) == (Reason.EXIT, 0)


def test_the_number_of_processes_is_limited(engine, root):
    script = "for i in $(seq 12); do sleep 3 & done; echo all"
    assert (
        "can't fork: Resource temporarily unavailable"
        in shell(engine, root, script, pids_limit=8).stderr
    )
    assert shell(engine, root, script).stdout == "all\n"


def test_processor_time_is_limited(engine, root):
    with engine.start(["sh", "-c", "while :; do :; done"], rootfs=root, cpus=0.1) as container:
        time.sleep(1.5)
        stats = container.stats()
    assert stats.throttled_periods > 2
    assert stats.cpu_usage < 1.0e9


def test_pausing_stops_it_and_resuming_goes_on(engine, root):
    growing = "while :; do echo more >>/growing; done"
    with engine.start(["sh", "-c", growing], rootfs=root) as container:
        time.sleep(0.5)
        container.pause()
        length = len(container.read_text("/growing"))
        time.sleep(0.3)
        assert len(container.read_text("/growing")) == length > 0
        container.resume()
        time.sleep(0.5)
        assert len(container.read_text("/growing")) > length


def test_stats_tell_what_is_used_and_allowed(engine, root):
    with engine.start(rootfs=root, idle=True, memory="64M", pids_limit=20) as box:
        before = box.stats()
        box.run(["sh", "-c", "for i in $(seq 3000); do :; done"])
        after = box.stats()
    assert (before.memory_limit, before.pids_limit) == (64 << 20, 20)
    assert before.pids >= 1
    assert after.cpu_usage > before.cpu_usage
    assert after.memory_peak >= before.memory_usage > 0


def test_what_is_executed_is_under_the_same_limits(engine, root):
    with engine.start(rootfs=root, idle=True, memory="40M", memory_swap="40M") as box:
        done = box.run(TAKE_80_MIB)
        assert done.returncode == -9
        assert box.stats().oom_kills == 1
        assert box.run(["true"]).returncode == 0


def test_a_device_is_open_to_those_it_was_given_to_and_no_further(engine, root):
    """The node is there in each case, so it is the program that decides."""
    script = "true </dev/loop0 && echo read; true >>/dev/loop0 && echo write"
    assert shell(engine, root, script, devices=["/dev/loop0"]).stdout == "read\nwrite\n"
    limited = shell(engine, root, script, devices=["/dev/loop0:r"])
    assert limited.stdout == "read\n"
    assert "can't create /dev/loop0: Operation not permitted" in limited.stderr


def test_it_is_born_in_its_group(engine, root):
    """By CLONE_INTO_CGROUP: its group is the top of what it sees, from the first instruction on."""
    done = shell(engine, root, "cat /proc/self/cgroup", memory="40M")
    assert done.stdout == "0::/\n"
    with engine.start(rootfs=root, idle=True, memory="40M") as box:
        (pid, *_) = box.pids()
        assert Path(f"/proc/{pid}/cgroup").read_text().startswith(f"0::/cloche/{box.id}@")


def test_a_link_leads_to_the_memory_of_the_kernel(engine: cloche.Engine, root: str) -> None:
    """This kernel shows it, which that of the machine around may not."""
    assert shell(engine, root, "test -h /dev/core && echo there").stdout == "there\n"
