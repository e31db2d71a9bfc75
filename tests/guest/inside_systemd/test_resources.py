"""All that can be limited on cgroup v2, whoever makes the group; what can't be is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from .bundles import bundle, create, document, oci

TOP = Path("/sys/fs/cgroup")
PATHS = {"systemd": "system.slice:box:one", "cgroupfs": "/box/one"}
GROUPS = {"systemd": TOP / "system.slice/box-one.scope", "cgroupfs": TOP / "box/one"}

pytestmark = pytest.mark.parametrize("manager", ["systemd", "cgroupfs"])

WHOLE = {
    "memory": {"limit": 64 << 20, "swap": 64 << 20},
    "cpu": {"shares": 1024, "quota": 20_000, "period": 100_000, "burst": 10_000, "cpus": "0-1"},
    "pids": {"limit": 5},
    "hugepageLimits": [{"pageSize": "2MB", "limit": 4 << 20}],
    "blockIO": {
        "throttleReadBpsDevice": [{"major": 7, "minor": 0, "rate": 1 << 20}],
        "throttleWriteIOPSDevice": [{"major": 7, "minor": 0, "rate": 100}],
    },
    "unified": {"memory.min": "1048576", "memory.oom.group": "1"},
}
FILES = {
    "memory.max": str(64 << 20),
    "memory.swap.max": "0",
    "cpu.weight": "100",
    "cpu.max": "20000 100000",
    "cpu.max.burst": "10000",
    "cpuset.cpus": "0-1",
    "pids.max": "5",
    "hugetlb.2MB.max": str(4 << 20),
    "io.max": "7:0 rbps=1048576 wbps=max riops=max wiops=100",
    "memory.min": "1048576",
    "memory.oom.group": "1",
}


def test_every_controller_limits(place, manager):
    create(place, document(place, resources=WHOLE, cgroupsPath=PATHS[manager]), manager=manager)
    group = GROUPS[manager]
    assert {name: (group / name).read_text().strip() for name in FILES} == FILES
    assert oci(place, "delete", "--force", "one") == ""
    assert not group.exists()


@pytest.mark.parametrize(
    ("resources", "said"),
    [
        (
            {"rdma": {"mlx5_1": {"hcaHandles": 3}}},
            'linux.resources.rdma["mlx5_1"]: ',
        ),
        (
            {"unified": {"memory.nothing": "1"}},
            'linux.resources.unified["memory.nothing"]: the kernel does not let memory.nothing be',
        ),
        (
            {"unified": {"nothing.max": "1"}},
            'linux.resources.unified["nothing.max"]: the kernel has no nothing controller',
        ),
        (
            {"hugepageLimits": [{"pageSize": "3MB", "limit": 0}]},
            "linux.resources.hugepageLimits[0]: the kernel does not let hugetlb.3MB.max be set",
        ),
        (
            {"network": {"classID": 5}},
            "linux.resources.network.classID: cgroup v2 does not mark network traffic",
        ),
        (
            {"network": {"priorities": [{"name": "lo", "priority": 2}]}},
            "linux.resources.network.priorities: cgroup v2 does not mark network traffic",
        ),
        (
            {"memory": {"swappiness": 5}},
            "linux.resources.memory.swappiness: cgroup v2 has no swappiness setting",
        ),
        (
            {"cpu": {"realtimeRuntime": 5}},
            "linux.resources.cpu.realtimeRuntime: cgroup v2 has no realtime limits",
        ),
        (
            {"memory": {"limit": 4 << 20, "swap": 1 << 20}},
            "linux.resources.memory.swap: ",
        ),
        ({"cpu": {"cpus": "99"}}, "linux.resources.cpu.cpus: the kernel refuses '99'"),
    ],
)
def test_what_cannot_be_had_is_named_by_its_place(place, manager, resources, said):
    config = document(place, resources=resources, cgroupsPath=PATHS[manager])
    told = oci(place, "create", "--bundle", bundle(place, config), "one", manager=manager)
    assert told.startswith(said), told
    assert not GROUPS[manager].exists()
    assert list(Path(place, "state").glob("*")) == []
