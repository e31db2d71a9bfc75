"""Namespaces by their paths: every type, and what is none of it; and what is set in them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from spaces import unshared

from .conftest import Runtime

FILES = {"pid": "pid", "network": "net", "mount": "mnt", "ipc": "ipc", "uts": "uts"}
FILES |= {"cgroup": "cgroup", "time": "time", "user": "user"}


@pytest.fixture(scope="module")
def other() -> Iterator[int]:
    """A process that has a namespace of each type to itself."""
    kinds = ("--pid", "--mount", "--uts", "--ipc", "--net", "--cgroup", "--time", "--user")
    command = ["unshare", *kinds, "--fork", "--kill-child", "sleep", "600"]
    with subprocess.Popen(command) as parent:
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        while not (found := children.read_text().split()):
            time.sleep(0.01)
        for ids in ("uid_map", "gid_map"):
            Path(f"/proc/{found[0]}/{ids}").write_text("0 0 65536\n")
        yield int(found[0])
        parent.kill()


def path_of(pid: int, kind: str) -> str:
    return f"/proc/{pid}/ns/{FILES[kind]}"


def joining(kind: str, path: str, *others: str):
    """A configuration with these namespaces and no others."""

    def change(config: dict[str, Any]) -> None:
        del config["hostname"]
        del config["mounts"][2:]  # of terminals, whose group not every user namespace knows
        config["linux"]["namespaces"] = [{"type": each} for each in others]
        config["linux"]["namespaces"].append({"type": kind, "path": path})

    return change


def test_one_that_belongs_to_another_user_namespace_is_joined_with_a_user_namespace(
    oci: Runtime, other: int
) -> None:
    """Root of this machine may do so, and root of the user namespace may not."""
    network, user = f"/proc/{os.getpid()}/ns/net", path_of(other, "user")

    def change(config: dict[str, Any]) -> None:
        joining("user", user, "mount", "pid")(config)
        config["linux"]["namespaces"].append({"type": "network", "path": network})

    script = "readlink /proc/self/ns/net; readlink /proc/self/ns/user"
    said = oci.run("sh", "-c", script, change=change)
    assert said.out.split() == [os.readlink(network), os.readlink(user)], said.err


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "mount"])
def test_each_type_may_be_joined(oci: Runtime, other: int, kind: str) -> None:
    path = path_of(other, kind)
    rest = ["mount"] if kind in {"pid", "user"} else ["mount", "pid"]
    change = joining(kind, path, *rest, *(["pid"] if kind == "user" else []))
    said = oci.run("readlink", f"/proc/self/ns/{FILES[kind]}", change=change)
    assert said.out.strip() == os.readlink(path), said.err


def test_a_path_that_is_empty_is_none(oci: Runtime) -> None:
    said = oci.run("readlink", "/proc/self/ns/uts", change=joining("uts", "", "mount", "pid"))
    assert said.code == 0, said.err
    assert said.out.strip() != os.readlink("/proc/self/ns/uts")


@pytest.fixture
def denying() -> Iterator[str]:
    """The path of a user namespace in which nobody sets groups."""
    with unshared("--user", "--map-root-user") as pid:
        yield f"/proc/{pid}/ns/user"


def test_a_user_namespace_without_groups_may_be_joined(oci: Runtime, denying: str) -> None:
    oci.create("sleep", "600", change=joining("user", denying, "mount", "pid"))
    assert oci("start", "box").code == 0
    said = oci("exec", "box", "sh", "-c", "id -u; readlink /proc/self/ns/user")
    assert said.out.split() == ["0", os.readlink(denying)], said.err
    said = oci("exec", "--additional-gids", "5", "box", "true")
    assert "identity: Operation not permitted" in said.err


@pytest.mark.parametrize("kind", FILES)
def test_a_namespace_of_another_type_is_told_by_its_place(
    oci: Runtime, other: int, kind: str
) -> None:
    wrong = "uts" if kind != "uts" else "ipc"
    others = ["mount"] if kind != "mount" else ["pid"]
    bundle = oci.bundle("true", change=joining(kind, path_of(other, wrong), *others))
    said = oci("create", "-b", bundle, "box")
    assert said.code == 1
    wanted = f"{path_of(other, wrong)} is a namespace of the type {wrong}"
    assert said.err.startswith(f"cloche: linux.namespaces[1].path: {wanted}"), said.err
    assert not list(oci.state.glob("*"))


@pytest.mark.parametrize(
    ("path", "why"),
    [("/no/such", "No such file"), ("/etc/passwd", "is not a namespace"), ("/proc", "is not a"),
     ("/dev/null", "is not a namespace"), ("ns/net", "is not an absolute path")],
)  # fmt: skip
def test_what_is_no_namespace_is_told_by_its_place(oci: Runtime, path: str, why: str) -> None:
    bundle = oci.bundle("true", change=joining("network", path, "mount"))
    said = oci("create", "-b", bundle, "box")
    assert said.err.startswith("cloche: linux.namespaces[1].path: "), said.err
    assert why in said.err
    assert not list(oci.state.glob("*"))


def setting(kind: str, path: str, name: str, value: str):
    def change(config: dict[str, Any]) -> None:
        joining(kind, path, "mount", "pid")(config)
        config["linux"]["sysctl"] = {name: value}

    return change


def test_parameters_of_a_joined_network_are_set(oci: Runtime) -> None:
    pid = oci.create("sleep", "600")
    change = setting("network", path_of(pid, "network"), "net.ipv4.ip_forward", "1")
    said = oci.run("cat", "/proc/sys/net/ipv4/ip_forward", change=change)
    assert said.out == "1\n", said.err
    oci("start", "box")
    assert oci("exec", "box", "cat", "/proc/sys/net/ipv4/ip_forward").out == "1\n"


@pytest.mark.parametrize("kind", ["network", "ipc"])
def test_those_of_this_machine_are_not_by_its_path_either(oci: Runtime, kind: str) -> None:
    name = {"network": "net.ipv4.ip_forward", "ipc": "kernel.msgmax"}[kind]
    path = f"/proc/self/ns/{FILES[kind]}"
    bundle = oci.bundle("true", change=setting(kind, path, name, "1"))
    said = oci("create", "-b", bundle, "box")
    assert said.err.startswith(f'cloche: linux.sysctl["{name}"]: '), said.err


def test_a_value_that_the_kernel_does_not_take_is_told_by_its_place(oci: Runtime) -> None:
    def change(config: dict[str, Any]) -> None:
        config["linux"]["sysctl"] = {"kernel.msgmax": "1", "net.ipv4.ip_forward": "much"}

    said = oci("create", "-b", oci.bundle("true", change=change), "box")
    assert said.err.startswith('cloche: linux.sysctl["net.ipv4.ip_forward"]: sysctl'), said.err
    assert not list(oci.state.glob("*"))


def timed(**clocks: dict[str, int]):
    def change(config: dict[str, Any]) -> None:
        config["linux"]["namespaces"].append({"type": "time"})
        config["linux"]["timeOffsets"] = clocks

    return change


def test_clocks_are_apart_by_seconds_and_nanoseconds(oci: Runtime) -> None:
    change = timed(boottime={"secs": 86400, "nanosecs": 500}, monotonic={"secs": -1})
    said = oci.run("cat", "/proc/self/timens_offsets", change=change)
    assert said.out.split() == ["monotonic", "-1", "0", "boottime", "86400", "500"], said.err


def test_a_clock_can_not_be_set_before_the_machine_began(oci: Runtime) -> None:
    bundle = oci.bundle("true", change=timed(monotonic={"secs": -(10**9)}))
    said = oci("create", "-b", bundle, "box")
    assert said.err.startswith("cloche: linux.timeOffsets: "), said.err
    assert not list(oci.state.glob("*"))


def test_a_limit_is_not_given_twice(oci: Runtime) -> None:
    limits = [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}] * 2
    bundle = oci.bundle("true", change=lambda config: config["process"].update(rlimits=limits))
    said = oci("create", "-b", bundle, "box")
    assert said.err.startswith("cloche: process.rlimits[1].type: "), said.err
