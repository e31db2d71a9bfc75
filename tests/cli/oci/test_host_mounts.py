"""A container among the host's mounts: what is mounted in it is on the host, and goes with it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import mount

ROOT = ("bin", "dev", "etc", "proc", "sys", "tmp")


def shared(config) -> None:
    """All namespaces but that of mounts."""
    kinds = ("pid", "network", "ipc", "uts", "cgroup")
    config["linux"]["namespaces"] = [{"type": kind} for kind in kinds]


@pytest.fixture(autouse=True)
def place(oci) -> Iterator[int]:
    """The pid of one whose mounts are the host's here: other tests look at this machine's."""
    command = ["unshare", "--mount", "sh", "-c", "echo; exec sleep 600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.read(1) == b"\n"
        oci.program = [*entered(child.pid), *oci.program]
        yield child.pid
        for directory in oci.state.glob("*"):
            assert oci("delete", "--force", directory.name).code == 0
        child.kill()


def entered(pid: int) -> list[str]:
    return ["nsenter", f"--mount=/proc/{pid}/ns/mnt"]


@pytest.fixture
def beneath(place: int) -> Callable[[Path | str], list[str]]:
    """Tells what is mounted at a path and beneath it."""

    def look(path: Path | str) -> list[str]:
        lines = Path(f"/proc/{place}/mountinfo").read_text().splitlines()
        points = (line.split()[4] for line in lines)
        return [each.removeprefix(str(path)) for each in points if each.startswith(str(path))]

    return look


@pytest.fixture
def root(oci, tmp_path: Path) -> Path:
    """A root of the test's own, where nobody else's mounts are."""
    root = tmp_path / "root"
    subprocess.run(["cp", "-a", oci.busybox, root], check=True)
    return root


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
    wanted = [os.readlink(f"/proc/{place}/ns/mnt"), *ROOT]
    assert said.out.split() == wanted, said.err


def test_its_mounts_are_seen_on_the_host_until_it_is_deleted(oci, beneath, root, among) -> None:
    oci.create("sleep", "600", change=among)
    assert beneath(root) == ["", "/proc", "/dev", "/dev/pts"]
    oci("start", "box")
    assert oci("kill", "box", "KILL").code == 0
    oci.until("stopped")
    assert oci("delete", "box").code == 0
    assert beneath(root) == []


def test_what_was_mounted_there_before_stays(oci, place, beneath, root, among, tmp_path) -> None:
    """As callers have it that mount a root first."""
    source = root.rename(tmp_path / "source")
    root.mkdir()
    subprocess.run([*entered(place), "mount", "--bind", source, root], check=True)
    assert oci.run("true", change=among).code == 0
    assert beneath(root) == [""]


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
def test_a_failure_leaves_nothing_mounted(oci, beneath, root, among, fault) -> None:
    def change(config) -> None:
        among(config)
        fault(config)

    said = oci("create", "-b", oci.bundle("true", change=change), "box")
    assert said.code != 0
    assert beneath(root) == []
    assert list(oci.state.iterdir()) == []


def test_what_a_create_that_was_killed_left_is_taken_away(oci, beneath, root, among) -> None:
    """Killed while a hook runs: all is mounted, and nobody could note that it is there."""

    def change(config) -> None:
        among(config)
        hook = {"path": "/bin/sh", "args": ["sh", "-c", "kill -9 $PPID"]}
        config["hooks"] = {"createRuntime": [hook]}

    assert oci("create", "-b", oci.bundle("true", change=change), "box").code == -9
    assert beneath(root) != []
    assert oci("delete", "--force", "box").code == 0
    assert beneath(root) == []


@pytest.mark.parametrize(("wanted", "mark"), [("private", ""), ("shared", "shared:"), (None, "")])
def test_its_root_propagates_as_it_is_to_and_the_hosts_is_left_alone(
    oci, place, root, among, wanted, mark
) -> None:
    def change(config) -> None:
        among(config)
        if wanted:
            config["linux"]["rootfsPropagation"] = wanted

    def marks(path: str) -> list[str]:
        """What is said of the mounts at a path, as the host sees them."""
        lines = map(str.split, Path(f"/proc/{place}/mountinfo").read_text().splitlines())
        return [" ".join(line[6 : line.index("-")]) for line in lines if line[4] == path]

    before = marks("/")
    oci.create("sleep", "600", change=change)
    assert marks("/") == before
    (shown,) = marks(str(root))
    assert shown.startswith(mark) if mark else shown == ""


def test_masks_hold_there_and_nowhere_else(oci, beneath, among) -> None:
    def change(config) -> None:
        among(config)
        config["linux"].update(maskedPaths=["/proc/keys"], readonlyPaths=["/proc/sys"])

    script = "wc -c < /proc/keys; echo x > /proc/sys/kernel/domainname"
    said = oci.run("sh", "-c", script, change=change)
    assert said.out == "0\n"
    assert "Read-only file system" in said.err
    assert Path("/proc/keys").stat().st_mode & 0o170000 == 0o100000
    assert "/proc/sys" not in beneath("/proc")


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
