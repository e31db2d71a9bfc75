"""Containers that share namespaces, in podman's pods and without."""

from __future__ import annotations

import pytest
from callers.daemon import until
from callers.podman import Podman

pytestmark = pytest.mark.slow

INFRA = ("--infra-command=/bin/sleep 9999", "--infra-image=localhost/box", "--network=none")


@pytest.fixture(params=["podman", "tenants"])
def owner(request: pytest.FixtureRequest) -> Podman:
    return request.getfixturevalue(request.param)


def test_containers_of_a_pod_share_what_it_has(owner: Podman) -> None:
    share = "--share=net,ipc,uts,pid"
    made = owner("pod", "create", "--name=pod", share, "--hostname=abc", *INFRA)
    assert made.returncode == 0, made.stderr
    assert owner("run", "--detach", "--pod=pod", "box", "sleep", "600").returncode == 0
    said = owner("run", "--rm", "--pod=pod", "box", "sh", "-c", "hostname; ps -o args")
    assert said.stdout.splitlines()[0] == "abc", said.stderr
    assert {"sleep 600", "/bin/sleep 9999"} <= {*said.stdout.splitlines()}
    assert "sleep" in owner("pod", "top", "pod", "comm").stdout
    assert owner("pod", "stop", "--time=0", "pod").returncode == 0
    # podman does not wait for conmon, whose groups it can't remove before.
    until(
        lambda: owner("pod", "rm", "--force", "pod").returncode == 0,
        owner.place / "containers.conf",
    )


def test_a_user_namespace_is_shared_with_what_belongs_to_it(owner: Podman) -> None:
    maps = ("--uidmap=0:1000:2000", "--gidmap=0:1000:2000")
    name = owner.background(*maps, "box", "sleep", "600")
    shared = [f"--{each}=container:{name}" for each in ("userns", "pid", "network")]
    script = "awk '{print $1,$3}' /proc/self/uid_map; cat /proc/1/comm; echo x > /dev/null"
    said = owner("run", "--rm", *shared, "box", "sh", "-c", script)
    assert said.stdout == "0 2000\nsleep\n", said.stderr
    assert owner("rm", "--force", "--time=0", name).returncode == 0
