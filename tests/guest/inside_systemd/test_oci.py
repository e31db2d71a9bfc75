"""`cloche oci` with systemd as the manager of control groups: root's containers."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from .bundles import bundle, create, document, oci

TOP = Path("/sys/fs/cgroup")
LIMITS = {
    "memory": {"limit": 64 << 20, "swap": 80 << 20, "reservation": 32 << 20},
    "cpu": {"shares": 2048, "quota": 33_333, "period": 50_000, "cpus": "0", "mems": "0"},
    "pids": {"limit": 20},
    "blockIO": {"weight": 500},
    "unified": {"memory.high": str(60 << 20)},
}


def shown(unit: str, *names: str) -> dict[str, str]:
    """What systemd itself says of a unit."""
    listed = subprocess.run(
        ["systemctl", "show", unit, *(f"--property={name}" for name in names)],
        capture_output=True, text=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    return dict(line.split("=", 1) for line in listed.splitlines())


def is_gone(unit: str) -> bool:
    return shown(unit, "LoadState", "ActiveState") == {
        "LoadState": "not-found",
        "ActiveState": "inactive",
    }


def until_stopped(place: str, id: str = "one") -> None:
    deadline = time.monotonic() + 30
    while json.loads(oci(place, "state", id))["status"] != "stopped":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def read(group: Path, *names: str) -> list[str]:
    return [(group / name).read_text().strip() for name in names]


def test_it_is_a_scope_of_its_own_with_all_limits(place):
    path = "guest-ab.slice:box:one"
    pid = create(place, document(place, resources=LIMITS, cgroupsPath=path))
    group = TOP / "guest.slice/guest-ab.slice/box-one.scope"
    assert Path(f"/proc/{pid}/cgroup").read_text() == f"0::{str(group).removeprefix(str(TOP))}\n"
    told = shown(
        "box-one.scope", "Slice", "Delegate", "MemoryMax", "MemoryLow", "MemoryHigh",
        "MemorySwapMax", "TasksMax", "CPUWeight", "CPUQuotaPerSecUSec", "CPUQuotaPeriodUSec",
        "AllowedCPUs", "AllowedMemoryNodes", "IOWeight", "Description", "ActiveState",
    )  # fmt: skip
    assert told == {
        "Slice": "guest-ab.slice",
        "Delegate": "yes",
        "MemoryMax": str(64 << 20),
        "MemoryLow": str(32 << 20),
        "MemoryHigh": str(60 << 20),
        "MemorySwapMax": str(16 << 20),
        "TasksMax": "20",
        "CPUWeight": "174",
        "CPUQuotaPerSecUSec": "670ms",
        "CPUQuotaPeriodUSec": "50ms",
        "AllowedCPUs": "0",
        "AllowedMemoryNodes": "0",
        "IOWeight": "4950",
        "Description": "Cloche container one",
        "ActiveState": "active",
    }
    # The quota is what was asked for, and not what systemd can say of it.
    files = ("memory.max", "memory.high", "pids.max", "cpu.max", "cpu.weight", "cpuset.cpus")
    assert read(group, *files) == [
        str(64 << 20), str(60 << 20), "20", "33333 50000", "174", "0",
    ]  # fmt: skip
    assert oci(place, "start", "one") == ""
    assert oci(place, "delete", "--force", "one") == ""
    assert is_gone("box-one.scope")
    assert not group.exists()


def test_it_is_there_before_anything_runs_and_sees_itself_at_the_top(place):
    seen = Path(place, "rootfs/tmp/seen")
    script = "cat /proc/self/cgroup /sys/fs/cgroup/pids.max >/tmp/seen; sleep 1000"
    config = document(place, script, resources={"pids": {"limit": 33}})
    hook = "cat /proc/$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/')/cgroup"
    config["hooks"] = {
        kind: [{"path": "/bin/busybox", "args": ["sh", "-c", f"{hook} >{place}/{kind}"]}]
        for kind in ("createRuntime", "createContainer")
    }
    create(place, config)
    assert oci(place, "start", "one") == ""
    deadline = time.monotonic() + 30
    while not seen.exists() or seen.read_text().count("\n") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert seen.read_text() == "0::/\n33\n"
    assert Path(place, "createRuntime").read_text() == "0::/system.slice/cloche-one.scope\n"
    further = "cat /proc/self/cgroup >/tmp/further"
    assert oci(place, "exec", "one", "/bin/busybox", "sh", "-c", further) == ""
    assert Path(place, "rootfs/tmp/further").read_text() == "0::/\n"


def test_update_changes_the_unit_and_the_files(place):
    create(place, document(place, resources=LIMITS))
    group = TOP / "system.slice/cloche-one.scope"
    assert oci(place, "update", "--memory", "50M", "--memory-swap", "50M", "one") == ""
    assert oci(place, "update", "--pids-limit", "7", "--cpu-quota", "-1", "one") == ""
    assert oci(place, "update", "--cpuset-cpus", "0-1", "--cpu-share", "1024", "one") == ""
    names = ("MemoryMax", "MemorySwapMax", "TasksMax", "CPUQuotaPerSecUSec", "AllowedCPUs")
    assert shown("cloche-one.scope", *names, "CPUWeight") == {
        "MemoryMax": str(50 << 20),
        "MemorySwapMax": "0",
        "TasksMax": "7",
        "CPUQuotaPerSecUSec": "infinity",
        "AllowedCPUs": "0-1",
        "CPUWeight": "100",
    }
    files = ("memory.max", "memory.swap.max", "pids.max", "cpu.max", "cpuset.cpus")
    assert read(group, *files) == [str(50 << 20), "0", "7", "max 50000", "0-1"]
    subprocess.run(["systemctl", "daemon-reload"], check=True, timeout=60)
    assert read(group, *files[:3]) == [str(50 << 20), "0", "7"]


def test_it_pauses_and_is_measured(place):
    create(place, document(place, resources=LIMITS))
    assert oci(place, "start", "one") == ""
    assert oci(place, "pause", "one") == ""
    assert json.loads(oci(place, "state", "one"))["status"] == "paused"
    assert oci(place, "resume", "one") == ""
    data = json.loads(oci(place, "events", "--stats", "one"))["data"]
    assert data["memory"]["usage"]["limit"] == 64 << 20
    assert data["pids"]["limit"] == 20


def test_its_end_ends_the_scope_and_delete_is_content(place):
    create(place, document(place, "exit 3"))
    assert oci(place, "start", "one") == ""
    until_stopped(place)
    deadline = time.monotonic() + 30
    while not is_gone("cloche-one.scope"):
        assert time.monotonic() < deadline
    assert oci(place, "delete", "one") == ""


def test_what_is_there_already_is_not_taken_over(place):
    create(place, document(place, cgroupsPath=":box:same"))
    said = oci(place, "create", "--bundle", bundle(place, document(place, cgroupsPath=":box:same")),
               "two")  # fmt: skip
    assert said.startswith("systemd: Unit box-same.scope was already loaded"), said
    assert shown("box-same.scope", "ActiveState") == {"ActiveState": "active"}
    assert "does not exist" in oci(place, "state", "two")


def test_nothing_is_left_of_one_that_fails(place):
    config = document(place)
    config["process"]["args"] = ["/bin/nothing"]
    said = oci(place, "create", "--bundle", bundle(place, config), "one")
    assert "no such file or directory" in said
    assert is_gone("cloche-one.scope")
    assert not (TOP / "system.slice/cloche-one.scope").exists()


def test_annotations_are_properties(place):
    config = document(place)
    config["annotations"] = {
        "org.systemd.property.TimeoutStopSec": "uint64 7",
        "org.systemd.property.CollectMode": "'inactive'",
        "org.systemd.property.After": "['dbus.service']",
        "something.else": "not for systemd",
    }
    create(place, config)
    told = shown("cloche-one.scope", "TimeoutStopUSec", "CollectMode", "After")
    assert (told["TimeoutStopUSec"], told["CollectMode"]) == ("7s", "inactive")
    assert "dbus.service" in told["After"]


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        ("TimeoutStopUSec", "soon", r"annotations\[org.systemd.property.TimeoutStopUSec\]: .*"),
        ("Delegate", "false", r"annotations\[org.systemd.property.Delegate\]: .* to be set"),
        ("Flavour", "'sweet'", r"systemd: Cannot set property Flavour, or unknown property\."),
    ],
)
def test_properties_that_are_none_are_refused_in_a_line(place, annotation, value, said):
    config = document(place)
    config["annotations"] = {f"org.systemd.property.{annotation}": value}
    assert re.fullmatch(said, oci(place, "create", "--bundle", bundle(place, config), "one"))
    assert is_gone("cloche-one.scope")
    assert list(Path(place, "state").glob("*")) == []


def test_devices_are_kept_from_it_by_rules(place):
    """The node is there in each case; systemd's list and our own program must both agree."""
    node = {"path": "/dev/loop0", "type": "b", "major": 7, "minor": 0, "fileMode": 0o666}
    allowed = {"allow": True, "type": "b", "major": 7, "minor": 0, "access": "r"}
    seen = Path(place, "rootfs/tmp/seen")
    script = "(true </dev/loop0 && echo read; true >>/dev/loop0 && echo write) >/tmp/seen 2>&1"
    for rules, expected in (([], []), ([allowed], ["read"])):
        resources = {"devices": [{"allow": False}, *rules]}
        create(place, document(place, script, devices=[node], resources=resources))
        policy = shown("cloche-one.scope", "DevicePolicy", "DeviceAllow")
        assert policy["DevicePolicy"] == "strict"
        assert ("/dev/block/7:0 r" in policy["DeviceAllow"]) is bool(rules)
        assert oci(place, "start", "one") == ""
        until_stopped(place)
        assert re.findall("^(read|write)$", seen.read_text(), re.M) == expected
        assert "Operation not permitted" in seen.read_text()
        assert oci(place, "delete", "one") == ""
