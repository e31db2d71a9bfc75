"""Devices: those of the configuration, those of every container, and those that are there."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from .conftest import Runtime, mount

NULL = {"type": "c", "major": 1, "minor": 3}
LOOK = "stat -c '%n %F %t:%T %a %u:%g'"
MASKED = {"/dev/null": "1:3", "/dev/zero": "1:5", "/dev/full": "1:7", "/dev/random": "1:8"}
DEFAULT = MASKED | {"/dev/urandom": "1:9", "/dev/tty": "5:0"}


def device(path: str, **fields: Any) -> dict[str, Any]:
    return {"path": path, **NULL, **fields}


def having(*devices: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    return lambda config: config["linux"].update(devices=list(devices))


def test_every_type_with_its_mode_and_owner_wherever_it_is_to_be(oci: Runtime) -> None:
    wanted = [
        device("/dev/chars", fileMode=0o640, uid=3, gid=4),
        device("/dev/blocks", type="b", major=259, minor=300000, fileMode=0o4),
        device("/dev/unbuffered", type="u", major=511, minor=1),
        {"path": "/dev/pipe", "type": "p", "fileMode": 0o622, "gid": 5},
        device("/dev/deep/er/node"),
    ]
    said = oci.run("sh", "-c", f"{LOOK} {' '.join(each['path'] for each in wanted)}",
                   change=having(*wanted))  # fmt: skip
    assert said.out.splitlines() == [
        "/dev/chars character special file 1:3 640 3:4",
        "/dev/blocks block special file 103:493e0 4 0:0",
        "/dev/unbuffered character special file 1ff:1 666 0:0",
        "/dev/pipe fifo 0:0 622 0:5",
        "/dev/deep/er/node character special file 1:3 666 0:0",
    ], said.err


def test_one_outside_of_dev(oci: Runtime) -> None:
    def change(config: dict[str, Any]) -> None:
        config["mounts"].append(mount("/tmp", "tmpfs"))
        having(device("/tmp/any/where"))(config)

    assert oci.run("sh", "-c", "echo x > /tmp/any/where && echo ok", change=change).out == "ok\n"


def test_one_that_is_there_already_gets_its_mode(oci: Runtime) -> None:
    said = oci.run(
        "stat", "-c", "%a", "/dev/null", change=having(device("/dev/null", fileMode=0o644))
    )
    assert said.out == "644\n"


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (device("/dev/null", minor=5), "linux.devices[0]: device /dev/null: File exists"),
        (device("/etc/passwd"), "linux.devices[0]: device /etc/passwd: File exists"),
        (device("/dev/x", type="x"), "linux.devices[0].type: "),
        (device("dev/x"), "linux.devices[0].path: "),
        ({"path": "/dev/x", "type": "b", "minor": 1}, "linux.devices[0].major: "),
        (device("/dev/x", major=4096), "linux.devices[0].major: "),
        (device("/dev/x", minor=1 << 20), "linux.devices[0].minor: "),
        (device("/dev/x", minor=-1), "linux.devices[0].minor: "),
    ],
)
def test_what_can_not_be_is_told_by_its_place(
    oci: Runtime, wanted: dict[str, Any], told: str
) -> None:
    said = oci("create", "-b", oci.bundle("true", change=having(wanted)), "box")
    assert said.code == 1
    assert said.err.startswith(f"cloche: {told}"), said.err
    assert not list(oci.state.glob("*"))


def defaults(oci: Runtime, change: Callable[[dict[str, Any]], None]) -> None:
    script = f"stat -c '%n %t:%T %a' {' '.join(DEFAULT)}; readlink /dev/fd; readlink /dev/stderr"
    said = oci.run("sh", "-c", script, change=change)
    links = ["/proc/self/fd", "/proc/self/fd/2"]
    assert said.out.splitlines() == [
        *(f"{name} {number} 666" for name, number in DEFAULT.items()),
        *links,
    ]


def test_every_container_has_some(oci: Runtime) -> None:
    defaults(oci, lambda config: None)


def test_a_link_leads_to_the_memory_of_a_kernel_that_shows_it(oci: Runtime) -> None:
    link = "/proc/kcore\n" if Path("/proc/kcore").exists() else ""
    assert oci.run("readlink", "/dev/core").out == link


def test_also_in_a_directory_of_its_root(oci: Runtime, tmp_path: Path) -> None:
    root = tmp_path / "root"
    subprocess.run(["cp", "-a", oci.busybox, root], check=True)

    def change(config: dict[str, Any]) -> None:
        config["root"]["path"] = str(root)
        del config["mounts"][1:]

    defaults(oci, change)


@pytest.fixture
def hosts(tmp_path: Path) -> Path:
    """A directory of this machine's with a device in it."""
    hosts = tmp_path / "dev"
    hosts.mkdir()
    os.mknod(hosts / "own", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    return hosts


def with_dev(hosts: Path, *devices: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        having(*devices)(config)
        config["mounts"][1:] = [{**mount("/dev", "bind", "bind"), "source": str(hosts)}]

    return change


def test_what_is_shown_of_this_machine_is_left_as_it_is(oci: Runtime, hosts: Path) -> None:
    said = oci.run("ls", "/dev", change=with_dev(hosts, device("/dev/own", fileMode=0o666)))
    assert said.out == "own\n", said.err
    assert stat.S_IMODE((hosts / "own").stat().st_mode) == 0o600


def test_another_device_of_this_machine_is_no_answer(oci: Runtime, hosts: Path) -> None:
    change = with_dev(hosts, device("/dev/own", minor=5))
    said = oci("create", "-b", oci.bundle("true", change=change), "box")
    assert said.err.startswith("cloche: linux.devices[0].path: /dev/own is"), said.err


@pytest.fixture
def mapped(oci: Runtime) -> Iterator[Callable[..., Callable[[dict[str, Any]], None]]]:
    """Makes changes to a configuration that has a user namespace, and the root for it."""
    with TemporaryDirectory(prefix="cloche-devices-") as directory:
        Path(directory).chmod(0o755)
        subprocess.run(["cp", "-a", oci.busybox, f"{directory}/root"], check=True)

        def having_mapped(*devices: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
            def change(config: dict[str, Any]) -> None:
                having(*devices)(config)
                mapping = [{"containerID": 0, "hostID": 100000, "size": 1000}]
                config["linux"]["namespaces"].append({"type": "user"})
                config["linux"].update(uidMappings=mapping, gidMappings=mapping)
                config["root"]["path"] = f"{directory}/root"

            return change

        yield having_mapped


def test_in_a_user_namespace_they_have_their_mode_and_owner_as_well(oci: Runtime, mapped) -> None:
    wanted = [
        device("/dev/null", fileMode=0o640),
        device("/dev/deep/other", minor=5, fileMode=0o604, uid=10, gid=11),
        device("/dev/block", type="b", major=240, minor=77, uid=999),
    ]
    names = " ".join(each["path"] for each in wanted)
    script = f"{LOOK} {names}; echo > /dev/null; head -c1 /dev/deep/other | wc -c"
    said = oci.run("sh", "-c", script, change=mapped(*wanted))
    assert said.out.splitlines() == [
        "/dev/null character special file 1:3 640 0:0",
        "/dev/deep/other character special file 1:5 604 10:11",
        "/dev/block block special file f0:4d 666 999:0",
        "1",
    ], said.err


def test_of_an_owner_that_is_not_mapped_they_are_this_machines(oci: Runtime, mapped) -> None:
    wanted = [device("/dev/deep/other", minor=5, uid=5000)]
    script = f"{LOOK} /dev/deep/other; head -c1 /dev/deep/other | wc -c"
    said = oci.run("sh", "-c", script, change=mapped(*wanted))
    assert said.out.splitlines() == [
        "/dev/deep/other character special file 1:5 666 65534:65534",
        "1",
    ], said.err


def test_one_that_this_machine_has_not_either_is_refused_then(oci: Runtime, mapped) -> None:
    change = mapped(device("/dev/null"), device("/dev/none", major=240, minor=77, gid=5000))
    said = oci("create", "-b", oci.bundle("true", change=change), "box")
    assert said.err.startswith("cloche: linux.devices[1]: in a user namespace"), said.err
