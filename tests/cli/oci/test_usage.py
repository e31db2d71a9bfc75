"""What `events` tells, in the form that callers of runc parse, and what `update` changes."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cloche_linux.cgroups.layout import detect


def limited(**resources: object) -> Callable[[dict[str, Any]], None]:
    return lambda config: config["linux"].update(resources=resources)


def measured(oci, id: str = "box") -> dict[str, Any]:
    told = json.loads(oci("events", "--stats", id).out)
    assert (told["type"], told["id"]) == ("stats", id)
    return told["data"]


@pytest.fixture
def runc(tmp_path: Path, oci) -> Iterator[dict[str, Any]]:
    """What runc tells of a container of its own."""
    bundle = oci.bundle("sleep", "600")
    line = ["runc", "--root", str(tmp_path / "runc")]
    options = {"check": True, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    subprocess.run([*line, "run", "-d", "-b", bundle, "peer"], **options)
    told = subprocess.run([*line, "events", "--stats", "peer"], capture_output=True, check=True)
    yield json.loads(told.stdout)["data"]
    subprocess.run([*line, "delete", "-f", "peer"], **options)


def shape(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Places in a document with the kinds of values there; lists of numbers are one place."""
    yield path, type(value).__name__
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from shape(inner, f"{path}.{name}")


def test_it_has_the_shape_that_runc_has(oci, runc) -> None:
    oci.create("sleep", "600")
    assert oci("start", "box").code == 0
    ours, theirs = dict(shape(measured(oci))), dict(shape(runc))
    # What happens to be nothing is left out by both, so it may be there in one of them only.
    nothing = (".raw.", ".cache", ".usage", ".max", ".blkio.", ".percpu", ".throttling.")
    missing = {place for place in theirs.keys() - ours.keys() if not _is_like(place, nothing)}
    assert missing == set()
    assert {place: ours[place] for place in theirs if place in ours} == {
        place: kind for place, kind in theirs.items() if place in ours
    }


def _is_like(place: str, parts: tuple[str, ...]) -> bool:
    return any(part in f"{place}." or place.endswith(part.rstrip(".")) for part in parts)


def test_its_numbers_are_those_of_the_groups(oci) -> None:
    script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exec sleep 600"
    limits = limited(memory={"limit": 64 << 20}, pids={"limit": 9})
    oci.create("sh", "-c", script, change=limits)
    assert oci("start", "box").code == 0
    deadline = time.monotonic() + 20
    while (data := measured(oci))["cpu"]["usage"].get("total", 0) < 5_000_000:
        assert time.monotonic() < deadline
    assert data["memory"]["usage"]["limit"] == 64 << 20
    assert 0 < data["memory"]["usage"]["usage"] <= data["memory"]["usage"]["max"]
    assert data["pids"] == {"current": 1, "limit": 9}
    assert data["memory"]["raw"]


@contextmanager
def watching(oci) -> Iterator[Iterator[dict[str, Any]]]:
    """What `events` tells, line by line, until it ends by itself."""
    command = ["timeout", "60", *oci.program, "events", "--interval", "200ms", "box"]
    with subprocess.Popen(command, env=oci.environment, stdout=subprocess.PIPE) as events:
        assert events.stdout is not None
        yield map(json.loads, events.stdout)
        assert events.wait() == 0


def test_it_goes_on_until_the_container_ends(oci) -> None:
    oci.create("sleep", "600")
    assert oci("start", "box").code == 0
    with watching(oci) as lines:
        first = [next(lines), next(lines), next(lines)]
        assert oci("kill", "box", "KILL").code == 0
        assert {line["type"] for line in (*first, *lines)} == {"stats"}


def test_want_of_memory_is_an_event(oci) -> None:
    # The shell outlives what it runs, which is ended once it has taken more than there is.
    script = "tail -c 200000000 /dev/zero; sleep 600"
    oci.create("sh", "-c", script, change=limited(memory={"limit": 30 << 20, "swap": 30 << 20}))
    assert oci("start", "box").code == 0
    with watching(oci) as lines:
        wanted = next(line for line in lines if line["type"] != "stats")
        assert wanted == {"type": "oom", "id": "box"}
        assert next(lines)["type"] == "stats"
        assert oci("kill", "box", "KILL").code == 0
        assert {line["type"] for line in lines} <= {"stats"}


@pytest.mark.parametrize("text", ["5", "soon", "-1s", "0s", "1s2", ""])
def test_an_interval_that_is_none_is_refused(oci, text) -> None:
    oci.create("sleep", "600")
    said = oci("events", f"--interval={text}", "box")
    assert (said.code, said.out) == (1, "")
    assert f"--interval: {text!r} is not a time such as 5s" in said.err


FILES = {
    ("--memory", "50M"): ("memory", "memory.limit_in_bytes", str(50 << 20)),
    ("--memory-reservation", "20M"): ("memory", "memory.soft_limit_in_bytes", str(20 << 20)),
    ("--memory-swap", "60M"): ("memory", "memory.memsw.limit_in_bytes", str(60 << 20)),
    ("--kernel-memory-tcp", "1M"): ("memory", "memory.kmem.tcp.limit_in_bytes", str(1 << 20)),
    ("--cpu-period", "50000"): ("cpu", "cpu.cfs_period_us", "50000"),
    ("--cpu-quota", "20000"): ("cpu", "cpu.cfs_quota_us", "20000"),
    ("--cpu-burst", "1000"): ("cpu", "cpu.cfs_burst_us", "1000"),
    ("--cpu-share", "512"): ("cpu", "cpu.shares", "512"),
    ("--cpuset-cpus", "0"): ("cpuset", "cpuset.cpus", "0"),
    ("--cpuset-mems", "0"): ("cpuset", "cpuset.mems", "0"),
    ("--pids-limit", "7"): ("pids", "pids.max", "7"),
}


def test_each_flag_of_update_changes_its_file(oci) -> None:
    if detect().holding("memory") is None or detect().holding("memory").version == 2:
        pytest.skip("the files of cgroup v1; those of v2 are looked at in the guest")
    pid = oci.create("sleep", "600", change=limited(memory={"limit": 40 << 20, "swap": 70 << 20}))
    groups = dict(line.split(":")[1:] for line in Path(f"/proc/{pid}/cgroup").read_text().split())
    for (flag, value), (controller, file, expected) in FILES.items():
        assert oci("update", flag, value, "box") == (0, "", "")
        place = f"{detect().holding(controller).mount}{groups[controller]}/{file}"
        assert (flag, Path(place).read_text().strip()) == (flag, expected)
    # Linux took limits on kernel memory away, and callers still send them along.
    assert oci("update", "--kernel-memory", "1M", "--pids-limit", "8", "box") == (0, "", "")


def test_flags_that_are_wrong_or_not_had_are_named(oci) -> None:
    oci.create("sleep", "600")
    for line, said in {
        ("--memory", "much"): "--memory: 'much' is not a size",
        ("--pids-limit", "many"): "--pids-limit: 'many' is not a number",
        ("--l3-cache-schema", "L3:0=f"): "linux.intelRdt: no resctrl file system is mounted",
        ("--mem-bw-schema", "L3:0=f"): "linux.intelRdt.memBwSchema: 'L3:0=f' is not one line",
        ("--cpu-period", "5"): "linux.resources.cpu.period: a period of 5 µs is not within",
    }.items():
        told = oci("update", *line, "box")
        assert (told.code, told.err.startswith(f"cloche: {said}")) == (1, True), told.err


def test_rules_for_devices_that_are_sent_again_are_no_change(oci) -> None:
    """As containerd does, whose updates are whole sections."""
    rules = [{"allow": False, "access": "rwm"}]
    oci.create("sleep", "600", change=limited(devices=rules))
    changed = json.dumps({"devices": rules, "pids": {"limit": 5}})
    assert oci("update", "-r", "-", "box", input=changed) == (0, "", "")
    assert measured(oci)["pids"]["limit"] == 5


def test_memory_below_what_is_used_is_refused_if_that_is_to_be_looked_at(oci) -> None:
    oci.create("sleep", "600", change=limited(memory={"limit": 64 << 20}))
    changed = json.dumps({"memory": {"limit": 4096, "checkBeforeUpdate": True}})
    said = oci("update", "-r", "-", "box", input=changed)
    assert said.code == 1
    assert "bytes are in use, more than 4096" in said.err
    assert measured(oci)["memory"]["usage"]["limit"] == 64 << 20
