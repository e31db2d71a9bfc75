"""Limits as systemd is told of them."""

from __future__ import annotations

import pytest

from cloche.spec import (
    LinuxBlockIO,
    LinuxCPU,
    LinuxDeviceCgroup,
    LinuxMemory,
    LinuxPids,
    LinuxThrottleDevice,
    LinuxWeightDevice,
)
from cloche_linux.cgroups import v1, v2
from cloche_linux.cgroups.devices import with_defaults
from cloche_linux.systemd.device_properties import of_rules
from cloche_linux.systemd.properties import of_settings
from cloche_linux.systemd.ranges import as_mask

INFINITY = 2**64 - 1
NEWEST = 257


def told(*answers, version=NEWEST):
    """Properties of what these translations answer."""
    settings = [one for answer in answers for one in answer]
    return {name: value for name, (_, value) in of_settings(settings, version)}


def test_memory_and_tasks_are_amounts():
    memory = v2.memory(LinuxMemory(limit=5 << 20, swap=7 << 20, reservation=1 << 20))
    assert told(memory, v1.pids(LinuxPids(limit=9))) == {
        "MemoryMax": 5 << 20,
        "MemorySwapMax": 2 << 20,
        "MemoryLow": 1 << 20,
        "TasksMax": 9,
    }


def test_no_limit_is_infinity():
    assert told(v2.memory(LinuxMemory(limit=-1)), v1.pids(LinuxPids(limit=-1))) == {
        "MemoryMax": INFINITY,
        "MemorySwapMax": INFINITY,
        "TasksMax": INFINITY,
    }


@pytest.mark.parametrize(
    ("quota", "period", "expected"),
    [
        (50_000, 100_000, {"CPUQuotaPerSecUSec": 500_000, "CPUQuotaPeriodUSec": 100_000}),
        (33_333, 50_000, {"CPUQuotaPerSecUSec": 670_000, "CPUQuotaPeriodUSec": 50_000}),
        (10_000, None, {"CPUQuotaPerSecUSec": 100_000}),
        (-1, None, {"CPUQuotaPerSecUSec": INFINITY}),
    ],
)
def test_a_quota_is_told_by_the_second_and_never_less(quota, period, expected):
    assert told(v2.cpu(LinuxCPU(quota=quota, period=period))) == expected


def test_quota_and_period_of_v1_are_told_together():
    cpu = LinuxCPU(quota=33_333, period=50_000, shares=512)
    assert told(v1.cpu(cpu)) == {
        "CPUShares": 512,
        "CPUQuotaPerSecUSec": 670_000,
        "CPUQuotaPeriodUSec": 50_000,
    }


def test_what_an_old_systemd_does_not_know_is_not_told():
    cpu = LinuxCPU(quota=50_000, period=100_000, cpus="0", idle=1)
    assert told(v2.cpu(cpu), v1.cpuset(cpu), version=239) == {"CPUQuotaPerSecUSec": 500_000}


def test_unified_keys_are_the_same_properties():
    keys = {"memory.high": "5", "pids.max": "max", "cpu.weight": "7", "memory.oom.group": "1"}
    assert told(v2.unified(keys)) == {"MemoryHigh": 5, "TasksMax": INFINITY, "CPUWeight": 7}


def test_weights_and_throttles_name_devices_by_their_numbers():
    asked = LinuxBlockIO(
        weight=10,
        weight_device=(LinuxWeightDevice(major=8, minor=0, weight=1000),),
        throttle_read_bps_device=(
            LinuxThrottleDevice(major=8, minor=0, rate=5),
            LinuxThrottleDevice(major=8, minor=16, rate=6),
        ),
    )
    assert told(v2.block_io(asked)) == {
        "IOWeight": 1,
        "IODeviceWeight": [("/dev/block/8:0", 10_000)],
        "IOReadBandwidthMax": [("/dev/block/8:0", 5), ("/dev/block/8:16", 6)],
    }


@pytest.mark.parametrize(
    ("ranges", "mask"), [("0", "01"), ("0-2,7", "87"), ("8", "0001"), ("0-8, 10", "ff05")]
)
def test_lists_of_processors_are_masks(ranges, mask):
    assert as_mask(ranges).hex() == mask


def rule(allow: bool, type: str | None = None, major: int | None = None, minor: int | None = None):
    return LinuxDeviceCgroup(allow=allow, type=type, major=major, minor=minor, access="rwm")


def test_devices_are_a_list_where_all_others_are_denied():
    rules = with_defaults([rule(False), rule(True, "b", 7, 0), rule(True, "c", 136)])
    policy, (name, (_, listed)) = of_rules(rules)
    assert policy == ("DevicePolicy", ("s", "strict"))
    assert name == "DeviceAllow"
    assert ("/dev/block/7:0", "rwm") in listed
    assert ("char-pts", "rwm") in listed
    assert ("char-*", "m") in listed


@pytest.mark.parametrize(
    "rules",
    [
        [rule(True)],
        [rule(False), rule(True, "c", 4000)],
        [rule(False), rule(True, "c", None, 3)],
    ],
)
def test_there_is_no_list_where_it_would_say_less_than_the_rules(rules):
    assert of_rules(with_defaults(rules)) == [("DevicePolicy", ("s", "auto"))]
