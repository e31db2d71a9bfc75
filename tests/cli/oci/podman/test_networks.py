"""podman's own network, in a network namespace of the test's: this machine's is not touched."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest
from callers.podman import Podman
from spaces import unshared

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def apart(podman: Podman) -> Iterator[Podman]:
    """podman where no network is but its own."""
    with unshared(
        "--net", first="ip link set lo up && ip link add marked type bridge && echo"
    ) as pid:
        yield replace(podman, before=["nsenter", f"--net=/proc/{pid}/ns/net"])


def test_the_default_network_gives_an_address_and_a_way_out(apart: Podman) -> None:
    script = "ip -o -4 addr show eth0; ip route | grep -c default; ls /sys/class/net | tr '\\n' ' '"
    said = apart("run", "--rm", "box", "sh", "-c", script)
    assert said.returncode == 0, said.stderr
    assert " 10.88." in said.stdout
    assert said.stdout.splitlines()[1:] == ["1", "eth0 lo "]
    bridge = subprocess.run([*apart.before, "ip", "link", "show", "cni-podman0"])
    assert bridge.returncode == 0, "the bridge is the test's own"


def test_containers_of_a_network_reach_each_other(apart: Podman) -> None:
    name = apart("run", "--detach", "box", "sleep", "600").stdout.strip()
    address = apart.inspect(name, "NetworkSettings.IPAddress")
    said = apart("run", "--rm", "box", "ping", "-c1", "-W5", address)
    assert said.returncode == 0, said.stdout
    assert apart("rm", "--force", "--time=0", name).returncode == 0


def test_the_network_may_be_the_hosts(apart: Podman) -> None:
    """What /sys shows is the network that it was mounted in, which is another one here."""
    said = apart("run", "--rm", "--network=host", "box", "ip", "-o", "link", "show", "marked")
    assert said.returncode == 0, said.stderr
    assert "marked" in said.stdout


def test_a_network_of_another_container_is_shared(apart: Podman) -> None:
    name = apart("run", "--detach", "--network=none", "box", "sleep", "600").stdout.strip()
    said = apart("run", "--rm", f"--network=container:{name}", "box", "ls", "/sys/class/net")
    assert said.stdout.split() == ["lo"]
    assert apart("rm", "--force", "--time=0", name).returncode == 0
