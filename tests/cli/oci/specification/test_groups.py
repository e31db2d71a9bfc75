"""Control groups: where the container is, and what it may use."""

from __future__ import annotations

import json
from pathlib import Path

from .changes import every, linux, mounted, placed

GROUPS = Path("/sys/fs/cgroup")


def groups_of(pid: int) -> dict[str, str]:
    """The paths of a process's groups, by their controllers."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return {line.split(":")[1]: line.split(":", 2)[2] for line in lines}


def test_an_absolute_path_begins_at_the_mount_of_the_groups(runtime) -> None:
    change = linux(resources={"pids": {"limit": 7}})
    pid = runtime.create("sleep", "600", change=change)
    assert groups_of(pid)["pids"] == runtime.group()
    assert (GROUPS / f"pids{runtime.group()}/pids.max").read_text() == "7\n"


def test_the_same_path_is_the_same_place(runtime) -> None:
    relative = placed("linux.cgroupsPath", runtime.group()[1:])
    found = set()
    for _ in range(2):
        pid = runtime.create("sleep", "600", change=relative)
        found.add(groups_of(pid)["pids"])
        assert runtime("delete", "--force", "box").code == 0
    assert len(found) == 1


def test_a_path_that_leads_out_of_the_groups_leads_nowhere_or_is_an_error(runtime) -> None:
    escape = placed("linux.cgroupsPath", "/../../../.." + runtime.group())
    said = runtime("create", "--bundle", runtime.bundle("sleep", "600", change=escape), "box")
    if said.code == 0:
        paths = groups_of(runtime.pid()).values()
        assert [path for path in paths if ".." in path] == []
        assert runtime.group() in paths


def test_a_group_that_is_frozen_is_an_error_and_not_waited_for(runtime) -> None:
    group = GROUPS / f"freezer{runtime.group()}"
    group.mkdir(parents=True)
    (group / "freezer.state").write_text("FROZEN")
    try:
        bundle = runtime.bundle("sleep", "600")
        assert runtime("create", "--bundle", bundle, "box").code != 0
        assert runtime("state", "box").code != 0
    finally:
        (group / "freezer.state").write_text("THAWED")


def test_a_group_that_was_there_before_is_used_and_stays(runtime) -> None:
    group = GROUPS / f"pids{runtime.group()}"
    group.mkdir(parents=True)
    pid = runtime.create("sleep", "600")
    assert groups_of(pid)["pids"] == runtime.group()
    assert runtime("delete", "--force", "box").code == 0
    assert [each for each in runtime.groups() if each != group] == []
    assert group.is_dir()


def test_limits_are_those_that_were_given(runtime) -> None:
    resources = {
        "memory": {"limit": 64 << 20, "reservation": 32 << 20, "swappiness": 40},
        "cpu": {"shares": 512, "quota": 50000, "period": 100000, "cpus": "0", "mems": "0"},
        "pids": {"limit": 9},
    }
    runtime.create("sleep", "600", change=linux(resources=resources))
    found = {
        name: (GROUPS / f"{controller}{runtime.group()}/{name}").read_text().strip()
        for controller, name in (
            ("memory", "memory.limit_in_bytes"),
            ("memory", "memory.soft_limit_in_bytes"),
            ("memory", "memory.swappiness"),
            ("cpu", "cpu.shares"),
            ("cpu", "cpu.cfs_quota_us"),
            ("cpuset", "cpuset.cpus"),
            ("pids", "pids.max"),
        )
    }
    assert list(found.values()) == [
        str(64 << 20), str(32 << 20), "40", "512", "50000", "0", "9"
    ]  # fmt: skip


def test_a_new_limit_below_what_is_used_is_refused_where_that_is_asked_for(runtime) -> None:
    script = (
        "x=$(head -c 30000000 /dev/zero | tr '\\0' x); echo ${#x} > /tmp/up; sleep 600; echo $x"
    )
    change = every(
        linux(resources={"memory": {"limit": 200 << 20, "swap": 200 << 20}}),
        mounted({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}),
    )
    pid = runtime.create("sh", "-c", script, change=change)
    assert runtime("start", "box").code == 0
    up = Path(f"/proc/{pid}/root/tmp/up")
    runtime.wait_for(lambda: up.exists() and up.read_text() == "30000000\n")
    limits = {"memory": {"limit": 4 << 20, "swap": 4 << 20, "checkBeforeUpdate": True}}
    said = runtime("update", "--resources", "-", "box", input=json.dumps(limits))
    limit = GROUPS / f"memory{runtime.group()}/memory.limit_in_bytes"
    assert limit.read_text() == f"{200 << 20}\n"
    assert said.code != 0
    assert runtime.status() == "running"
