"""Limits of a specification in the files of each version, value by value."""

from __future__ import annotations

import pytest

from cloche.errors import InvalidSpec
from cloche.spec import (
    LinuxBlockIO,
    LinuxCPU,
    LinuxHugepageLimit,
    LinuxMemory,
    LinuxNetwork,
    LinuxPids,
    LinuxRdma,
    LinuxResources,
    LinuxThrottleDevice,
    LinuxWeightDevice,
)
from cloche_linux.cgroups.layout import Hierarchy, Layout
from cloche_linux.cgroups.resources import settings
from cloche_linux.cgroups.settings import Refusal, Setting
from cloche_linux.cgroups.v2 import weight

NAMES = "memory cpu cpuset pids io blkio hugetlb rdma net_cls net_prio"
ALL = frozenset(NAMES.split())


def layout(version: int, controllers: frozenset[str] = ALL) -> Layout:
    one = Hierarchy(version=version, controllers=controllers, mount="/m", own="/m/own")
    return Layout(hierarchies=(one,))


def files(version: int, **resources: object) -> list[tuple[str, str]]:
    """What is written, in order; nothing may be refused."""
    found = list(settings(LinuxResources(**resources), layout(version)))
    assert [one for one in found if isinstance(one, Refusal)] == []
    return [(one.file, one.value) for one in found if isinstance(one, Setting)]


def refused(version: int, **resources: object) -> list[str]:
    found = settings(LinuxResources(**resources), layout(version))
    return [one.limit for one in found if isinstance(one, Refusal)]


class TestMemory:
    def test_swap_is_counted_together_in_v1_and_alone_in_v2(self):
        memory = LinuxMemory(limit=100, swap=150, reservation=50)
        assert files(1, memory=memory) == [
            ("memory.limit_in_bytes", "100"),
            ("memory.memsw.limit_in_bytes", "150"),
            ("memory.soft_limit_in_bytes", "50"),
        ]
        assert files(2, memory=memory) == [
            ("memory.max", "100"),
            ("memory.swap.max", "50"),
            ("memory.low", "50"),
        ]

    def test_as_much_swap_as_memory_is_none_at_all(self):
        assert files(2, memory=LinuxMemory(limit=100, swap=100))[1] == ("memory.swap.max", "0")

    def test_no_limit_is_minus_one_in_v1_and_a_word_in_v2(self):
        memory = LinuxMemory(limit=-1)
        assert files(1, memory=memory)[0] == ("memory.limit_in_bytes", "-1")
        assert files(2, memory=memory) == [("memory.max", "max"), ("memory.swap.max", "max")]

    @pytest.mark.parametrize("memory", [LinuxMemory(swap=100), LinuxMemory(limit=200, swap=100)])
    def test_a_limit_on_both_without_one_on_memory_is_nonsense(self, memory):
        with pytest.raises(InvalidSpec) as caught:
            files(2, memory=memory)
        assert caught.value.path == "linux.resources.memory.swap"

    def test_what_v2_has_not_is_refused(self):
        memory = LinuxMemory(swappiness=0, disable_oom_killer=True, kernel_tcp=5)
        assert refused(2, memory=memory) == ["oom", "kernel-memory"]
        assert ("memory.oom_control", "1") in files(1, memory=memory)
        assert refused(2, memory=LinuxMemory(swappiness=60)) == ["swappiness"]


class TestCPU:
    @pytest.mark.parametrize(
        ("shares", "expected"), [(2, 1), (1024, 100), (262_144, 10_000), (1, 1), (10**9, 10_000)]
    )
    def test_shares_become_a_weight(self, shares, expected):
        assert weight(shares) == expected

    def test_every_share_becomes_a_weight_and_more_is_never_less(self):
        weights = [weight(shares) for shares in range(2, 262_145, 13)]
        assert weights == sorted(weights)
        assert all(1 <= one <= 10_000 for one in weights)

    def test_shares_are_clamped_to_what_v1_takes(self):
        assert files(1, cpu=LinuxCPU(shares=1)) == [("cpu.shares", "2")]
        assert files(1, cpu=LinuxCPU(shares=10**9)) == [("cpu.shares", "262144")]

    def test_quota_and_period_are_two_files_in_v1_and_one_in_v2(self):
        cpu = LinuxCPU(quota=50_000, period=100_000)
        assert files(1, cpu=cpu) == [("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "50000")]
        assert files(2, cpu=cpu) == [("cpu.max", "50000 100000")]

    def test_each_alone(self):
        assert files(2, cpu=LinuxCPU(quota=50_000)) == [("cpu.max", "50000")]
        assert files(2, cpu=LinuxCPU(period=50_000)) == [("cpu.max", "max 50000")]
        assert files(2, cpu=LinuxCPU(quota=-1)) == [("cpu.max", "max")]

    def test_burst_and_idle(self):
        cpu = LinuxCPU(quota=50_000, burst=10_000, idle=1)
        assert files(2, cpu=cpu)[1:] == [("cpu.max.burst", "10000"), ("cpu.idle", "1")]
        assert files(1, cpu=cpu)[1:] == [("cpu.cfs_burst_us", "10000"), ("cpu.idle", "1")]

    def test_realtime_is_v1_only(self):
        cpu = LinuxCPU(realtime_runtime=1000, realtime_period=10_000)
        assert refused(2, cpu=cpu) == ["cpus", "cpus"]
        assert ("cpu.rt_runtime_us", "1000") in files(1, cpu=cpu)

    def test_sets_are_the_same_in_both(self):
        cpu = LinuxCPU(cpus="0-1,3", mems="0")
        expected = [("cpuset.cpus", "0-1,3"), ("cpuset.mems", "0")]
        assert files(1, cpu=cpu) == files(2, cpu=cpu) == expected


class TestOthers:
    @pytest.mark.parametrize("version", [1, 2])
    @pytest.mark.parametrize(
        ("limit", "expected"), [(7, ["7"]), (-1, ["max"]), (0, []), (2**40, ["max"])]
    )
    def test_tasks(self, version, limit, expected):
        found = files(version, pids=LinuxPids(limit=limit))
        assert found == [("pids.max", value) for value in expected]

    def test_throttles(self):
        device = LinuxThrottleDevice(major=8, minor=0, rate=1000)
        io = LinuxBlockIO(throttle_read_bps_device=(device,), throttle_write_iops_device=(device,))
        assert files(1, block_io=io) == [
            ("blkio.throttle.read_bps_device", "8:0 1000"),
            ("blkio.throttle.write_iops_device", "8:0 1000"),
        ]
        assert files(2, block_io=io) == [("io.max", "8:0 rbps=1000"), ("io.max", "8:0 wiops=1000")]

    def test_weights_prefer_the_scheduler_that_heeds_them(self):
        device = LinuxWeightDevice(major=8, minor=0, weight=10)
        io = LinuxBlockIO(weight=1000, weight_device=(device,))
        one, two = settings(LinuxResources(block_io=io), layout(2))
        assert (one.file, one.value) == ("io.bfq.weight", "default 1000")
        assert (one.instead.file, one.instead.value) == ("io.weight", "default 10000")
        assert (two.instead.file, two.instead.value) == ("io.weight", "8:0 1")
        first, second = settings(LinuxResources(block_io=io), layout(1))
        assert (first.file, first.instead.file) == ("blkio.bfq.weight", "blkio.weight")
        assert second.value == "8:0 10"

    def test_huge_pages(self):
        limits = (LinuxHugepageLimit(page_size="2MB", limit=4096),)
        assert files(1, hugepage_limits=limits) == [("hugetlb.2MB.limit_in_bytes", "4096")]
        assert files(2, hugepage_limits=limits) == [("hugetlb.2MB.max", "4096")]

    def test_rdma(self):
        rdma = {"mlx5_1": LinuxRdma(hca_handles=3)}
        assert files(1, rdma=rdma) == files(2, rdma=rdma) == [("rdma.max", "mlx5_1 hca_handle=3")]

    def test_traffic_is_v1_only(self):
        network = LinuxNetwork(class_id=1_048_577)
        assert files(1, network=network) == [("net_cls.classid", "1048577")]
        assert refused(2, network=network) == ["network"]

    def test_unified_is_v2_only(self):
        unified = {"memory.high": "1000"}
        assert files(2, unified=unified) == [("memory.high", "1000")]
        assert refused(1, unified=unified) == ["unified"]

    def test_only_what_is_asked_for_is_missed(self):
        """Without any controller, the empty sections are no problem."""
        asked = LinuxResources(
            cpu=LinuxCPU(cpus="0"), memory=LinuxMemory(), pids=LinuxPids(limit=1)
        )
        found = settings(asked, layout(1, frozenset()))
        assert [one.limit for one in found] == ["cpuset_cpus", "pids_limit"]
