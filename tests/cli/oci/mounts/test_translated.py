"""Mounts that show files with other owners than they have (config.md, `idmap` and `ridmap`)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.cli.oci.conftest import Runtime, mount

from .conftest import Place

RANGE = 65536


def maps(outside: int, inside: int = 0) -> dict[str, Any]:
    mapping = [{"containerID": inside, "hostID": outside, "size": RANGE}]
    return {"uidMappings": mapping, "gidMappings": mapping}


def in_user_namespace(config: dict[str, Any], outside: int) -> None:
    config["linux"]["namespaces"].append({"type": "user"})
    config["linux"].update(maps(outside))


@pytest.fixture
def open_place(oci: Runtime) -> Iterator[Path]:
    """A directory that anybody may enter, with a root that belongs to whoever it is mapped to."""
    with TemporaryDirectory(prefix="cloche-translated-") as directory:
        place = Path(directory)
        place.chmod(0o755)
        subprocess.run(["cp", "-a", oci.busybox, place / "root"], check=True)
        oci.busybox = place / "root"
        yield place


@pytest.fixture
def source(open_place: Path) -> Path:
    """A directory with a file of user 3 and group 4."""
    source = open_place / "source"
    source.mkdir()
    (source / "file").touch()
    os.chown(source / "file", 3, 4)
    return source


def owners(
    oci: Runtime, source: Path, *options: str, outside: int | None = None, **more: Any
) -> str:
    """Who owns the file in a container, whose root is ``outside`` if it is another's."""

    def change(config: dict[str, Any]) -> None:
        config["mounts"].append({**mount("/tmp", "bind", *options), "source": str(source), **more})
        if outside is not None:
            in_user_namespace(config, outside)

    said = oci.run("sh", "-c", "stat -c %u:%g $(find /tmp -name file)", change=change)
    assert said.code == 0, said.err
    return said.out


def test_a_mount_has_maps_of_its_own(oci: Runtime, source: Path) -> None:
    assert owners(oci, source, "bind", "idmap", **maps(500)) == "503:504\n"


def test_maps_are_enough_to_ask_for_it(oci: Runtime, source: Path) -> None:
    assert owners(oci, source, "bind", **maps(500)) == "503:504\n"


def test_in_a_user_namespace_its_maps_are_what_is_meant(oci: Runtime, source: Path) -> None:
    """The control: without them the owner is nobody the container knows."""
    assert owners(oci, source, "bind", outside=100000) == "65534:65534\n"
    assert owners(oci, source, "bind", "idmap", outside=100000) == "3:4\n"


def test_maps_of_its_own_win_in_a_user_namespace(oci: Runtime, source: Path) -> None:
    found = owners(oci, source, "bind", "idmap", outside=100000, **maps(100010))
    assert found == "13:14\n"


@pytest.mark.parametrize(
    ("option", "found"),
    [
        ("idmap=uids=0-100000-10;gids=0-100000-10", "3:4\n"),
        ("idmap=uids=3-100007-1#4-100000-1;gids=4-100000-1", "7:0\n"),
        ("ridmap=uids=@3-8-1;gids=@+0-1-10", "8:5\n"),
        ("idmap=uids=0-100000-3;gids=0-100000-10", "65534:4\n"),
    ],
    ids=["absolute", "two ranges", "of the container", "not mapped"],
)
def test_maps_may_be_named_by_the_option(oci: Runtime, source: Path, option, found) -> None:
    assert owners(oci, source, "bind", option, outside=100000) == found


def test_maps_of_an_option_need_no_user_namespace(oci: Runtime, source: Path) -> None:
    found = owners(oci, source, "bind", "idmap=uids=0-500-10;gids=0-600-10")
    assert found == "503:604\n"


@pytest.mark.parametrize(
    "maps",
    ["uids=0-1-10", "uids=0-1-10;uids=0-1-10", "uids=0-1;gids=0-1-1", "uids=a;gids=0-1-1",
     "uids=0-1-0;gids=0-1-1", "uids=4294967295-1-2;gids=0-1-1", "users=0-1-1;gids=0-1-1",
     "uids=@0-1-1;gids=0-1-1"],
)  # fmt: skip
def test_maps_that_are_none_are_told_by_their_place(oci: Runtime, maps: str) -> None:
    wanted = mount("/tmp", "/etc", "bind", f"idmap={maps}")
    bundle = oci.bundle("true", change=lambda config: config["mounts"].append(wanted))
    said = oci("create", "-b", bundle, "box")
    assert said.err.startswith("cloche: mounts[3].options[1]: "), said.err


def test_what_is_written_has_the_owner_that_it_is_translated_to(oci: Runtime, source: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        own = {"source": str(source), **maps(100000)}
        config["mounts"].append({**mount("/tmp", "bind", "idmap"), **own})
        in_user_namespace(config, 100000)

    assert oci.run("touch", "/tmp/new", change=change).code == 0
    assert (source / "new").stat().st_uid == 0


@pytest.mark.parametrize(
    ("option", "beneath"), [("idmap", "3:4"), ("ridmap", "503:504")], ids=["topmost", "all"]
)
def test_it_is_the_topmost_mount_or_all(
    oci: Runtime, place: Place, source, option, beneath
) -> None:
    place.do("mkdir", source / "sub")
    place.do("mount", "-t", "tmpfs", "sub", source / "sub")
    place.do("touch", source / "sub/file")
    place.do("chown", "3:4", source / "sub/file")
    found = owners(oci, source, "rbind", option, **maps(500))
    assert sorted(found.split()) == sorted(["503:504", beneath])


def test_the_other_options_hold_for_it_as_well(oci: Runtime, source: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        own = {"source": str(source), **maps(0, 3)}
        config["mounts"].append({**mount("/tmp", "bind", "idmap", "ro", "noexec"), **own})

    said = oci.run("sh", "-c", "touch /tmp/x; grep -c ' /tmp .* ro,.*noexec' /proc/mounts",
                   change=change)  # fmt: skip
    assert "Read-only file system" in said.err
    assert said.out == "1\n"


def test_a_user_namespace_that_is_joined_has_maps_too(oci: Runtime, source: Path) -> None:
    pid = oci.create("sleep", "600", change=lambda config: in_user_namespace(config, 100000))

    def change(config: dict[str, Any]) -> None:
        del config["hostname"]
        joined = [{"type": kind, "path": f"/proc/{pid}/ns/{kind}"} for kind in ("user", "pid")]
        config["linux"]["namespaces"] = [{"type": "mount"}, *joined]
        config["mounts"] = [
            mount("/dev", "tmpfs"), {**mount("/tmp", "bind", "idmap"), "source": str(source)}
        ]  # fmt: skip

    said = oci.run("stat", "-c", "%u:%g", "/tmp/file", change=change)
    assert said.out == "3:4\n", said.err


def test_a_new_file_system_may_be_translated(oci: Runtime) -> None:
    def change(config: dict[str, Any]) -> None:
        config["mounts"].append({**mount("/tmp", "tmpfs", "idmap", "mode=777"), **maps(7)})

    said = oci.run("stat", "-c", "%u:%g", "/tmp", change=change)
    assert said.out == "7:7\n", said.err


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (mount("/tmp", "/etc", "bind", "idmap"), "mounts[3].options[1]: there are neither"),
        (mount("/tmp", "/etc", "rbind", "ridmap"), "mounts[3].options[1]: there are neither"),
        ({**mount("/tmp", "/proc", "bind", "idmap"), **maps(5)},
         "mounts[3]: the file system of /proc shows no files with other owners"),
        ({**mount("/tmp", "/etc", "bind", "idmap"), "uidMappings": maps(5)["uidMappings"]},
         "mounts[3].uidMappings: "),
        ({**mount("/tmp", "/etc", "bind", "idmap"), **maps(2**32 - 5)},
         "mounts[3].uidMappings[0].size: "),
        ({**mount("/tmp", "mqueue", "idmap"), **maps(5)}, "mounts[3]: "),
    ],
    ids=["no maps", "no maps for all", "file system", "half", "range", "new"],
)  # fmt: skip
def test_what_can_not_be_is_told_by_its_place(oci: Runtime, wanted, told: str) -> None:
    bundle = oci.bundle("true", change=lambda config: config["mounts"].append(wanted))
    said = oci("create", "-b", bundle, "box")
    assert said.code == 1
    assert said.err.startswith(f"cloche: {told}"), said.err
    assert not list(oci.state.glob("*"))


def test_a_new_file_system_in_a_user_namespace_is_refused(oci: Runtime) -> None:
    def change(config: dict[str, Any]) -> None:
        config["mounts"].append(mount("/tmp", "tmpfs", "idmap"))
        in_user_namespace(config, 100000)

    said = oci("create", "-b", oci.bundle("true", change=change), "box")
    assert said.err.startswith("cloche: mounts[3].options[0]: in a user namespace"), said.err
