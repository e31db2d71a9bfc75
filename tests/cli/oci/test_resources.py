"""Where control groups are, and what becomes of limits that this kernel has not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cloche_linux.cgroups.layout import detect

PLACE = "linux.resources."


def groups(pid: int) -> dict[str, str]:
    """A process's group in each hierarchy, by the names of its controllers."""
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return dict(line.split(":", 2)[1:] for line in lines)


def seen(pid: int) -> set[str]:
    """The groups of a process in all hierarchies that are mounted here."""
    mounted = detect().hierarchies
    names = {name for hierarchy in mounted for name in hierarchy.controllers}
    return {
        path
        for words, path in groups(pid).items()
        if (not words and detect().unified) or names.intersection(words.split(","))
    }


def test_a_path_from_the_top_is_the_same_in_every_hierarchy(oci) -> None:
    path = f"/cloche/absolute-{os.getpid()}"
    pid = oci.create("sleep", "600", change=lambda c: c["linux"].update(cgroupsPath=path))
    assert seen(pid) == {path}


def test_a_relative_path_begins_where_the_caller_is(oci) -> None:
    path = f"cloche/relative-{os.getpid()}"
    pid = oci.create("sleep", "600", change=lambda c: c["linux"].update(cgroupsPath=path))
    own = groups(os.getpid())
    found = {words: each for words, each in groups(pid).items() if each.endswith(path)}
    assert found
    assert all(found[words] == f"{own[words].rstrip('/')}/{path}" for words in found)


def test_without_a_path_or_a_limit_it_stays_where_the_caller_is(oci) -> None:
    pid = oci.create("sleep", "600", change=lambda c: c["linux"].pop("cgroupsPath"))
    assert groups(pid) == groups(os.getpid())


@pytest.mark.parametrize("path", ["../up", "/", "a/../../b", "system.slice:box:one"])
def test_a_path_that_is_none_is_named(oci, path) -> None:
    said = oci.run("true", change=lambda c: c["linux"].update(cgroupsPath=path))
    assert said.code == 1
    assert said.err.startswith("cloche: linux.cgroupsPath: "), said.err


@pytest.mark.parametrize(
    ("resources", "place"),
    [
        ({"unified": {"nothing.max": "1"}}, 'unified["nothing.max"]: the kernel has no nothing'),
        ({"unified": {"cgroup.procs": "1"}}, "unified: 'cgroup.procs' is not a file"),
        ({"rdma": {"none0": {"hcaHandles": 3}}}, 'rdma["none0"]: the kernel'),
        ({"network": {"classID": 1}}, "network.classID: "),
        ({"network": {"priorities": [{"name": "lo", "priority": 1}]}}, "network.priorities"),
        ({"hugepageLimits": [{"pageSize": "3MB", "limit": 1}]}, "hugepageLimits[0]: the kernel"),
        ({"hugepageLimits": [{"pageSize": "big", "limit": 1}]}, "hugepageLimits[0].pageSize: "),
        ({"cpu": {"cpus": "99"}}, "cpu.cpus: the kernel refuses '99'"),
        ({"cpu": {"cpus": "0-x"}}, "cpu.cpus: '0-x' is not a list"),
        ({"blockIO": {"leafWeight": 10}}, "blockIO.leafWeight: "),
        ({"devices": [{"allow": True, "type": "z"}]}, "devices[0].type: "),
    ],
)
def test_what_the_kernel_has_not_is_named_and_nothing_is_made(oci, resources, place) -> None:
    path = f"cloche/refused-{os.getpid()}"
    said = oci.run(
        "true", change=lambda c: c["linux"].update(resources=resources, cgroupsPath=path)
    )
    assert said.code == 1
    assert said.err.startswith(f"cloche: {PLACE}{place}"), said.err
    assert "allow-unenforced" not in said.err
    assert [each.own for each in detect().hierarchies if Path(each.own, path).exists()] == []
    assert list(oci.state.glob("*")) == []
