"""Devices of the runtime's network move into the container's, or stay where they are."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from cloche.testing.lab import comes_true

from .network import Host, network


@pytest.fixture
def host(oci) -> Iterator[Host]:
    with network(oci) as host:
        yield host


def devices(**wanted: Any):
    return lambda config: config["linux"].update(netDevices=wanted)


def test_a_device_moves_and_works(oci, host: Host) -> None:
    said = oci.run("ip", "-o", "link", "show", "given", change=devices(given={}))
    assert said.code == 0, said.err
    assert "UP" in said.out
    assert comes_true(lambda: host.names() == {"lo"}), "both ends go with the network of one"


def test_a_device_may_be_called_otherwise_inside(oci, host: Host) -> None:
    said = oci.run("ls", "/sys/class/net", change=_with_sysfs(given={"name": "eth0"}))
    assert said.out.split() == ["eth0", "lo"]


def test_the_kernel_chooses_a_number_where_it_is_left_to_it(oci, host: Host) -> None:
    host.ip("link", "add", "second", "type", "veth", "peer", "name", "other")
    wanted = {"given": {"name": "net%d"}, "second": {"name": "net%d"}}
    said = oci.run("ls", "/sys/class/net", change=_with_sysfs(**wanted))
    assert said.out.split() == ["lo", "net0", "net1"]


def test_addresses_that_are_global_and_permanent_go_along(oci, host: Host) -> None:
    host.ip("address", "add", "192.0.2.7/24", "dev", "given")
    host.ip("address", "add", "127.0.0.33/32", "dev", "given", "scope", "host")
    host.ip("address", "add", "2001:db8::7/64", "dev", "given", "nodad")
    host.ip(
        "address", "add", "192.0.2.8/24", "dev", "given", "valid_lft", "60", "preferred_lft", "60"
    )
    said = oci.run("ip", "-o", "address", "show", "dev", "given", change=devices(given={}))
    assert said.code == 0, said.err
    assert "192.0.2.7/24" in said.out
    assert "2001:db8::7/64" in said.out
    assert "127.0.0.33" not in said.out
    assert "192.0.2.8" not in said.out


def test_a_network_that_is_joined_keeps_the_device(oci, host: Host) -> None:
    pid = oci.create("sleep", "600")

    def change(config) -> None:
        devices(given={"name": "eth0"})(config)
        config["linux"]["namespaces"] = [
            {"type": "mount"}, {"type": "pid"}, {"type": "uts"},
            {"type": "network", "path": f"/proc/{pid}/ns/net"},
        ]  # fmt: skip

    assert oci.run("true", change=change).code == 0
    assert host.names() == {"lo", "kept"}
    listed = subprocess.run(
        ["nsenter", f"--net=/proc/{pid}/ns/net", "ip", "link", "show", "eth0"], check=False
    )
    assert listed.returncode == 0


def test_hooks_find_the_device_inside(oci, host: Host, tmp_path) -> None:
    def change(config) -> None:
        devices(given={})(config)
        look = f"ip link show given; echo $? > {tmp_path}/hook"
        config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", look]}]}

    assert oci.run("ip", "link", "show", "given", change=change).code == 0
    assert (tmp_path / "hook").read_text() == "1\n", "it is no longer outside"


def test_a_device_that_is_not_there_is_refused_before_anything_is_made(oci, host: Host) -> None:
    said = oci.run("true", change=devices(given={}, missing={"name": "eth0"}))
    assert said.code == 1
    assert said.err == 'cloche: linux.netDevices["missing"]: there is no such device\n'
    assert (host.names(), list(oci.state.glob("*"))) == ({"lo", "given", "kept"}, [])


def test_a_name_that_is_taken_inside_leaves_the_device_where_it_is(oci, host: Host) -> None:
    said = oci.run("true", change=devices(given={"name": "lo"}))
    assert (said.code, said.err.splitlines()[0]) == (
        1, 'cloche: linux.netDevices["given"]: File exists'
    )  # fmt: skip
    assert host.names() == {"lo", "given", "kept"}
    assert list(oci.state.glob("*")) == []


def test_what_has_moved_comes_back_when_a_later_one_fails(oci, host: Host) -> None:
    """With its addresses, and working as it did."""
    host.ip("link", "add", "second", "type", "veth", "peer", "name", "other")
    host.ip("address", "add", "192.0.2.7/24", "dev", "given")
    host.ip("link", "set", "given", "up")
    said = oci.run("true", change=devices(given={"name": "eth0"}, second={"name": "eth0"}))
    assert (said.code, 'linux.netDevices["second"]: File exists' in said.err) == (1, True)
    assert host.names() == {"lo", "given", "kept", "second", "other"}
    (given,) = host.ip("address", "show", "dev", "given")
    assert "192.0.2.7" in [address["local"] for address in given["addr_info"]]
    assert "UP" in given["flags"]


def test_what_has_moved_comes_back_when_a_hook_fails(oci, host: Host) -> None:
    def change(config) -> None:
        devices(given={"name": "eth0"})(config)
        config["hooks"] = {"createRuntime": [{"path": "/bin/false"}]}

    assert oci.run("true", change=change).code == 1
    assert host.names() == {"lo", "given", "kept"}


def _with_sysfs(**wanted: Any):
    def change(config) -> None:
        devices(**wanted)(config)
        config["mounts"].append({"destination": "/sys", "type": "sysfs", "source": "sysfs"})

    return change
