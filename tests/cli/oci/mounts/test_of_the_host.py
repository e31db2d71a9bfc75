"""A container among the host's mounts: what is mounted in it is on the host, and goes with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from spaces import unshared
from tests.cli.oci.conftest import make_busybox, mount

from .conftest import Place

ROOT = ("bin", "dev", "etc", "proc", "sys", "tmp")


def shared(config) -> None:
    """All namespaces but that of mounts."""
    kinds = ("pid", "network", "ipc", "uts", "cgroup")
    config["linux"]["namespaces"] = [{"type": kind} for kind in kinds]


def points(place: Place, beneath: Path | str) -> list[str]:
    return [each.point for each in place.mounts(beneath)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root of the test's own, where nobody else's mounts are, nor their points."""
    root = tmp_path / "root"
    root.mkdir()
    return make_busybox(root)


@pytest.fixture
def among(root: Path):
    def change(config) -> None:
        shared(config)
        config["root"]["path"] = str(root)

    return change


def test_it_is_in_the_mount_namespace_of_the_runtime_and_sees_its_own_root(
    oci, place, among
) -> None:
    said = oci.run("sh", "-c", "readlink /proc/self/ns/mnt; ls /", change=among)
    wanted = [os.readlink(f"/proc/{place.pid}/ns/mnt"), *ROOT]
    assert said.out.split() == wanted, said.err


def test_its_mounts_are_seen_on_the_host_until_it_is_deleted(oci, place, root, among) -> None:
    oci.create("sleep", "600", change=among)
    assert points(place, root) == ["", "/proc", "/dev", "/dev/pts"]
    oci("start", "box")
    assert oci("kill", "box", "KILL").code == 0
    oci.until("stopped")
    assert oci("delete", "box").code == 0
    assert points(place, root) == []


def test_what_was_mounted_there_before_stays(oci, place, root, among, tmp_path) -> None:
    """As callers have it that mount a root first."""
    source = root.rename(tmp_path / "source")
    root.mkdir()
    place.do("mount", "--bind", source, root)
    assert oci.run("true", change=among).code == 0
    assert points(place, root) == [""]


@pytest.mark.parametrize("order", ["first", "last"])
def test_two_with_one_root_go_one_by_one(oci, place, root, among, order) -> None:
    """The first has what it needs until it goes itself, and whoever is the last leaves nothing."""
    for each in ("box", "other"):
        oci.create("sleep", "600", id=each, change=among)
    first, last = ("box", "other") if order == "first" else ("other", "box")
    oci("start", last)
    assert oci("delete", "--force", first).code == 0
    said = oci("exec", last, "cat", "/proc/1/comm")
    assert (said.code, said.out) == (0, "sleep\n"), said.err
    assert oci("delete", "--force", last).code == 0
    assert points(place, root) == []


def test_others_that_come_and_go_leave_nothing_over_one_that_stays(oci, place, root, among) -> None:
    oci.create("sleep", "600", change=among)
    before = points(place, root)
    for _ in range(3):
        assert oci.run("true", change=among).code == 0
        assert points(place, root) == before


def test_what_was_left_beneath_another_is_taken_with_it(oci, place, root, among) -> None:
    oci.create("sleep", "600", id="stays", change=among)
    before = points(place, root)
    for each in ("box", "other"):
        oci.create("sleep", "600", id=each, change=among)
    for each in ("box", "other"):
        assert oci("delete", "--force", each).code == 0
    assert points(place, root) == before


def test_the_note_of_one_that_was_lost_keeps_nobody_from_going(oci, place, root, among) -> None:
    """Somebody has removed the directory of the first by hand; its mounts go with the second."""
    pid = oci.create("sleep", "600", change=among)
    oci.create("sleep", "600", id="other", change=among)
    os.kill(pid, 9)
    shutil.rmtree(oci.state / "box")
    assert oci("delete", "--force", "other").code == 0
    assert points(place, root) == []


@pytest.fixture
def peer(place: Place) -> Iterator[Place]:
    """A process whose mounts are told of all that changes in that place, as on usual hosts."""
    place.do("mount", "--make-rshared", "/")
    with unshared("--mount", "--propagation", "unchanged", way_in=place.way_in) as pid:
        yield Place(pid)


def test_where_all_is_shared_its_mounts_are_not(oci, place, peer, root, among) -> None:
    """Only that there is a root is told to others, and that it has gone."""
    oci.create("sleep", "600", change=among)
    assert {each.propagation for each in place.mounts(root)} == {frozenset()}
    assert points(peer, root) == [""]
    assert oci("delete", "--force", "box").code == 0
    assert points(place, root) == points(peer, root) == []


def test_a_process_is_executed_in_its_root(oci, among) -> None:
    oci.create("sleep", "600", change=among)
    oci("start", "box")
    said = oci("exec", "box", "sh", "-c", "ls /; head -1 /etc/passwd")
    assert said.out.split() == [*ROOT, "root:x:0:0::/root:/bin/sh"]


@pytest.mark.parametrize(
    "fault",
    [
        lambda c: c["mounts"].append(mount("/x", "tmpfs", "size=nonsense")),
        lambda c: c["mounts"].append(mount("/x", "nosuchfs")),
        lambda c: c["process"].update(args=["nosuch"]),
        lambda c: c["linux"].update(sysctl={"net.ipv4.no_such": "1"}),
    ],
    ids=["option", "type", "command", "parameter"],
)
def test_a_failure_leaves_nothing_mounted(oci, place, root, among, fault) -> None:
    def change(config) -> None:
        among(config)
        fault(config)

    said = oci("create", "-b", oci.bundle("true", change=change), "box")
    assert said.code != 0
    assert points(place, root) == []
    assert list(oci.state.iterdir()) == []


def test_what_a_create_that_was_killed_left_is_taken_away(oci, place, root, among) -> None:
    """Killed while a hook runs: all is mounted, and nobody could note that it is there."""

    def change(config) -> None:
        among(config)
        hook = {"path": "/bin/sh", "args": ["sh", "-c", "kill -9 $PPID"]}
        config["hooks"] = {"createRuntime": [hook]}

    assert oci("create", "-b", oci.bundle("true", change=change), "box").code == -9
    assert points(place, root) != []
    assert oci("delete", "--force", "box").code == 0
    assert points(place, root) == []


@pytest.mark.parametrize(("wanted", "mark"), [("private", ""), ("shared", "shared"), (None, "")])
def test_its_root_propagates_as_it_is_to_and_the_hosts_is_left_alone(
    oci, place, root, among, wanted, mark
) -> None:
    def change(config) -> None:
        among(config)
        if wanted:
            config["linux"]["rootfsPropagation"] = wanted

    def marks(path: str) -> list[frozenset[str]]:
        return [each.propagation for each in place.mounts() if each.point == path]

    before = marks("/")
    oci.create("sleep", "600", change=change)
    assert marks("/") == before
    (shown,) = marks(str(root))
    assert shown == ({mark} if mark else set())


def test_masks_hold_there_and_nowhere_else(oci, place, among) -> None:
    def change(config) -> None:
        among(config)
        config["linux"].update(maskedPaths=["/proc/keys"], readonlyPaths=["/proc/sys"])

    script = "wc -c < /proc/keys; echo x > /proc/sys/kernel/domainname"
    said = oci.run("sh", "-c", script, change=change)
    assert said.out == "0\n"
    assert "Read-only file system" in said.err
    assert Path("/proc/keys").stat().st_mode & 0o170000 == 0o100000
    assert "/proc/sys" not in points(place, "/proc")


def test_a_user_namespace_of_its_own_is_refused(oci, among) -> None:
    def change(config) -> None:
        among(config)
        mapping = [{"containerID": 0, "hostID": 0, "size": 1000}]
        config["linux"]["namespaces"].append({"type": "user"})
        config["linux"].update(uidMappings=mapping, gidMappings=mapping)

    said = oci("create", "-b", oci.bundle("true", change=change), "box")
    assert said.code == 1
    assert said.err.startswith("cloche: linux.namespaces: a user namespace of its own")
    assert not oci.state.exists()
