"""The guest is what its tests take it for."""

from __future__ import annotations

import os
from pathlib import Path

from cloche_linux.cgroups.layout import detect


def test_there_is_nothing_but_cgroup_v2():
    (only,) = detect().hierarchies
    assert (only.version, only.mount, only.own) == (2, "/sys/fs/cgroup", "/sys/fs/cgroup")


def test_it_has_the_controllers_that_limit():
    assert detect().unified.controllers >= {"memory", "pids", "cpu", "cpuset", "io"}


def test_it_has_swap_two_processors_and_root():
    assert "zram0" in Path("/proc/swaps").read_text()
    assert len(os.sched_getaffinity(0)) == 2
    assert os.geteuid() == 0
