"""Which kernel parameters are a container's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from spaces import unshared

from cloche.errors import InvalidSpec
from cloche.spec import Linux, LinuxNamespace
from cloche_linux.sysctls import check_sysctls

OWN = tuple(LinuxNamespace(type=kind) for kind in ("network", "ipc", "uts", "mount", "pid"))


def checked(name: str, namespaces: tuple[LinuxNamespace, ...] = OWN) -> tuple[str, str]:
    return check_sysctls(Linux(namespaces=namespaces, sysctl={name: "1"}))[name]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"),
        ("net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding"),
        ("kernel.shmmax", "kernel/shmmax"),
        ("fs.mqueue.msg_max", "fs/mqueue/msg_max"),
    ],
)
def test_parameters_of_namespaces_of_its_own_are_a_containers_to_set(name: str, path: str) -> None:
    assert checked(name) == (path, "1")


@pytest.mark.parametrize(
    "name",
    [
        "kernel.core_pattern",
        "vm.overcommit_memory",
        "kernel.panic",
        "kernel.hostname",
        "net/../kernel/core_pattern",
        "/net/ipv4/ip_forward",
        "",
    ],
)
def test_parameters_of_the_machine_are_refused(name: str) -> None:
    with pytest.raises(InvalidSpec, match="not a container's to set") as refused:
        checked(name)
    assert refused.value.path == f'linux.sysctl["{name}"]'


def test_a_shared_namespace_makes_a_parameter_the_machines() -> None:
    shared = tuple(n for n in OWN if n.type != "network")
    with pytest.raises(InvalidSpec, match="network namespace"):
        checked("net.ipv4.ip_forward", shared)
    joined = (*shared, LinuxNamespace(type="network", path="/proc/self/ns/net"))
    with pytest.raises(InvalidSpec, match="network namespace"):
        checked("net.ipv4.ip_forward", joined)


def test_a_namespace_of_another_may_be_joined_for_its_parameters(other_network: str) -> None:
    joined = (LinuxNamespace(type="network", path=other_network),)
    assert checked("net.ipv4.ip_forward", joined) == ("net/ipv4/ip_forward", "1")


@pytest.fixture
def other_network() -> Iterator[str]:
    """The path of a network namespace that is not this process's."""
    with unshared("--net") as pid:
        yield f"/proc/{pid}/ns/net"
