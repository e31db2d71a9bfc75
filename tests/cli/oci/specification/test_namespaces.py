"""Namespaces: new ones, those that are joined, and those that are the runtime's."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .changes import joined, linux, top, without

#: By the name of their file.
FILES = {
    "pid": "pid", "network": "net", "mount": "mnt", "ipc": "ipc", "uts": "uts", "user": "user",
    "cgroup": "cgroup", "time": "time",
}  # fmt: skip


def spaces(pid: int | str) -> dict[str, str]:
    """The namespaces of a process; a process's time is that of its children until it execs."""
    return {kind: os.readlink(f"/proc/{pid}/ns/{name}") for kind, name in FILES.items()}


def mapped(config, kinds=tuple(kind for kind in FILES if kind != "time")) -> None:
    mapping = [{"containerID": 0, "hostID": 0, "size": 65536}]
    config["linux"]["namespaces"] = [{"type": kind} for kind in kinds]
    config["linux"].update(uidMappings=mapping, gidMappings=mapping)


def test_a_namespace_without_a_path_is_a_new_one(runtime) -> None:
    runtime.create("sleep", "600", change=mapped)
    assert runtime("start", "box").code == 0
    pid = runtime.pid()
    here = spaces("self")
    assert [kind for kind, space in spaces(pid).items() if space == here[kind]] == ["time"]


def test_a_time_namespace_without_a_path_is_a_new_one(runtime) -> None:
    runtime.create("sleep", "600", change=lambda config: mapped(config, FILES))
    assert runtime("start", "box").code == 0
    runtime.wait_for(lambda: spaces(runtime.pid())["time"] != spaces("self")["time"])


def test_a_namespace_that_is_not_named_is_the_runtimes(runtime) -> None:
    kinds = ("network", "ipc", "uts", "cgroup", "pid")
    pid = runtime.create("sleep", "600", change=without(*kinds))
    here, there = spaces("self"), spaces(pid)
    assert [kind for kind in (*kinds, "user", "time") if there[kind] != here[kind]] == []
    assert there["mount"] != here["mount"]


@pytest.fixture
def other(runtime) -> Iterator[int]:
    """A process with namespaces of its own."""
    pid = runtime.create("sleep", "600", id="other", change=mapped)
    assert runtime("start", "other").code == 0
    yield pid
    assert runtime("delete", "--force", "other").code == 0


def test_a_time_namespace_is_joined_by_its_path(runtime) -> None:
    pid = runtime.create("sleep", "600", id="other", change=lambda config: mapped(config, FILES))
    assert runtime("start", "other").code == 0
    runtime.wait_for(lambda: spaces(pid)["time"] != spaces("self")["time"])
    runtime.create("sleep", "600", change=joined("time", f"/proc/{pid}/ns/time"))
    assert runtime("start", "box").code == 0
    runtime.wait_for(lambda: spaces(runtime.pid())["time"] == spaces(pid)["time"])


@pytest.mark.parametrize("kind", ["network", "ipc", "uts", "cgroup", "pid", "user"])
def test_a_namespace_is_joined_by_its_path(runtime, other: int, kind: str) -> None:
    def change(config) -> None:
        joined(kind, f"/proc/{other}/ns/{FILES[kind]}")(config)
        if kind == "user":  # what belongs to it is its own, too
            config["linux"]["namespaces"] = [
                each if each["type"] in ("user", "mount") else
                {"type": each["type"], "path": f"/proc/{other}/ns/{FILES[each['type']]}"}
                for each in config["linux"]["namespaces"]
            ]  # fmt: skip
            config.pop("hostname", None)

    pid = runtime.create("sleep", "600", change=change)
    assert spaces(pid)[kind] == spaces(other)[kind]


def test_a_path_that_is_no_namespace_of_the_kind_is_an_error(runtime, other: int) -> None:
    wrong = {
        "another kind": joined("network", f"/proc/{other}/ns/ipc"),
        "no namespace": joined("network", "/etc/passwd"),
        "nothing": joined("network", "/no/such"),
    }
    assert [name for name, change in wrong.items() if runtime.accepts(change)] == []


def test_ids_are_mapped_as_they_are_to_be(runtime) -> None:
    def change(config) -> None:
        mapped(config)
        config["linux"]["uidMappings"] = [
            {"containerID": 0, "hostID": 0, "size": 10},
            {"containerID": 10, "hostID": 5000, "size": 20},
        ]

    said = runtime.inside("cat /proc/self/uid_map; cat /proc/self/gid_map", change=change)
    assert [line.split() for line in said.splitlines()] == [
        ["0", "0", "10"], ["10", "5000", "20"], ["0", "0", "65536"]
    ]  # fmt: skip


def test_clocks_are_set_apart_as_they_are_to_be(runtime) -> None:
    def change(config) -> None:
        config["linux"]["namespaces"].append({"type": "time"})
        config["linux"]["timeOffsets"] = {"boottime": {"secs": 1000000, "nanosecs": 1}}

    assert float(runtime.inside("cat /proc/uptime", change=change).split()[0]) > 1000000


def test_its_names_are_those_that_were_given(runtime) -> None:
    script = "hostname; cat /proc/sys/kernel/domainname"
    said = runtime.inside(script, change=top(hostname="one", domainname="two"))
    assert said.split() == ["one", "two"]


def test_parameters_of_its_namespaces_are_set(runtime) -> None:
    change = linux(sysctl={"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1"})
    script = "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced"
    assert runtime.inside(script, change=change).split() == ["1", "1"]


def test_mounts_are_the_runtimes_where_no_namespace_of_them_is_named(runtime) -> None:
    def change(config) -> None:
        without("mount", "pid", "uts")(config)
        config["mounts"] = []

    said = runtime.inside("readlink /proc/self/ns/mnt || busybox true", change=change)
    pid = runtime.create("sleep", "600", change=change)
    assert os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink(runtime.room.path), said
