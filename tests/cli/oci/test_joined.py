"""Containers in the namespaces of another."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import copy_root

SIZE = 2000


@pytest.fixture
def open_root(busybox) -> Iterator[str]:
    """A root that any user may enter."""
    with tempfile.TemporaryDirectory(prefix="cloche-") as place:
        Path(place).chmod(0o755)
        yield str(copy_root(busybox, Path(place, "root")))


def mapped(config) -> None:
    config["linux"]["namespaces"].append({"type": "user"})
    ids = [{"containerID": 0, "hostID": 100000, "size": SIZE}]
    config["linux"] |= {"uidMappings": ids, "gidMappings": ids}


def joining(pid: int, *kinds: str):
    def change(config) -> None:
        config["linux"]["namespaces"] = [
            *({"type": kind} for kind in ("mount", "pid", "uts", "ipc", "network", "cgroup")
              if kind not in kinds),
            *({"type": kind, "path": f"/proc/{pid}/ns/{_file(kind)}"} for kind in kinds),
        ]  # fmt: skip

    return change


def _file(kind: str) -> str:
    return {"network": "net", "mount": "mnt"}.get(kind, kind)


@pytest.mark.parametrize("kinds", [("user",), ("user", "pid", "network")])
def test_a_user_namespace_with_all_that_a_container_mounts(oci, open_root, kinds) -> None:
    def rooted(change):
        return lambda config: (change(config), config["root"].update(path=open_root))

    pid = oci.create("sleep", "600", change=rooted(mapped))
    script = "cat /proc/self/uid_map; id -u; echo x > /dev/null && ls /dev/pts"
    said = oci.run("sh", "-c", script, change=rooted(joining(pid, *kinds)))
    assert said.out.split() == ["0", "100000", str(SIZE), "0", "ptmx"], said.err


@pytest.fixture
def own(open_root) -> str:
    """A directory of a user's alone, whose group the user namespace has no name for."""
    path = Path(open_root, "own")
    path.mkdir(mode=0o700)
    os.chown(path, 100000 + 1000, 54321)
    return "/own"


def as_user(uid: int, root: str, cwd: str):
    def change(config) -> None:
        mapped(config)
        config["root"]["path"] = root
        config["process"].update(user={"uid": uid, "gid": uid}, cwd=cwd)

    return change


def test_a_user_begins_where_root_of_the_namespace_may_not(oci, open_root, own) -> None:
    oci.create("sleep", "600", change=as_user(1000, open_root, own))
    assert oci("start", "box").code == 0
    assert oci("exec", "box", "pwd").out == f"{own}\n"
    said = oci("exec", "--user", "1001", "--cwd", own, "box", "pwd")
    assert (said.code, "working directory /own: Permission denied" in said.err) == (255, True)


def test_no_other_user_begins_there(oci, open_root, own) -> None:
    said = oci.run("pwd", change=as_user(1001, open_root, own))
    assert (said.code, "working directory /own: Permission denied" in said.err) == (126, True)


def test_a_joined_network_is_the_one_that_is_shown(oci) -> None:
    def with_sys(config) -> None:
        joining(pid, "network")(config)
        config["mounts"].append({"destination": "/sys", "type": "sysfs", "source": "sysfs"})

    pid = oci.create("sleep", "600")
    said = oci.run("ls", "/sys/class/net", change=with_sys)
    assert said.out.split() == ["lo"]
    assert os.listdir("/sys/class/net") != ["lo"], "what is not to be shown could not be seen"
