"""Links at the ends of a mount, and places that are nowhere yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.cli.oci.conftest import Runtime, copy_root, mount


def test_a_file_may_be_mounted_behind_a_link_to_nowhere(oci, tmp_path) -> None:
    """Images have resolv.conf lead to a directory that is made when they boot."""
    root, source = tmp_path / "root", tmp_path / "source"
    (root / "etc").mkdir(parents=True)
    (root / "etc/resolv.conf").symlink_to("../run/resolve/stub.conf")
    source.write_text("nameserver ::1\n")

    def change(config) -> None:
        config["root"]["path"] = str(root)
        for path in (oci.busybox / "bin", source):
            to = "/bin" if path != source else "/etc/resolv.conf"
            config["mounts"].append(
                {"destination": to, "type": "bind", "source": str(path), "options": ["bind"]}
            )

    said = oci.run("cat", "/run/resolve/stub.conf", change=change)
    assert (said.code, said.out) == (0, "nameserver ::1\n"), said.err
    assert (root / "etc/resolv.conf").is_symlink()


@pytest.fixture
def ends(oci: Runtime) -> Iterator[Path]:
    """A file, a link to it and one to nowhere; the root has a link to nowhere in its place."""
    with TemporaryDirectory(prefix="cloche-links-") as directory:
        place = Path(directory)
        place.chmod(0o755)
        oci.busybox = copy_root(oci.busybox, place / "root")
        (place / "file").write_text("content\n")
        (place / "link").symlink_to(place / "file")
        (place / "nowhere").symlink_to("not/there")
        (place / "root/target").symlink_to("somewhere/else")
        yield place


def bound(source: Path, to: str, *options: str, mapped: bool = False):
    def change(config: dict[str, Any]) -> None:
        config["mounts"].append({**mount(to, "bind", "bind", *options), "source": str(source)})
        if mapped:
            mapping = [{"containerID": 0, "hostID": 0, "size": 1000}]
            config["linux"]["namespaces"].append({"type": "user"})
            config["linux"].update(uidMappings=mapping, gidMappings=mapping)

    return change


@pytest.mark.parametrize("mapped", [False, True], ids=["", "in a user namespace"])
def test_a_link_is_shown_itself_where_it_is_not_to_be_followed(oci, ends, mapped) -> None:
    said = oci.run("readlink", "/new", change=bound(ends / "nowhere", "/new", "src-nofollow",
                                                    mapped=mapped))  # fmt: skip
    assert (said.code, said.out) == (0, "not/there\n"), said.err


@pytest.mark.parametrize("mapped", [False, True], ids=["", "in a user namespace"])
def test_a_link_is_mounted_on_itself_where_it_is_not_to_be_followed(oci, ends, mapped) -> None:
    said = oci.run("cat", "/target", change=bound(ends / "link", "/target", "dest-nofollow",
                                                  mapped=mapped))  # fmt: skip
    assert (said.code, said.out) == (0, "content\n"), said.err
    assert not (ends / "root/somewhere").exists()


def test_a_link_may_be_shown_in_the_place_of_another(oci: Runtime, ends: Path) -> None:
    change = bound(ends / "nowhere", "/target", "src-nofollow", "dest-nofollow")
    assert oci.run("readlink", "/target", change=change).out == "not/there\n"


def test_what_is_no_link_is_mounted_as_ever(oci: Runtime, ends: Path) -> None:
    every = ("src-nofollow", "dest-nofollow")
    for options in (every, ("copy-symlink",)):
        said = oci.run("cat", "/new/file", change=bound(ends / "file", "/new/file", *options))
        assert said.out == "content\n", said.err


def test_a_link_may_be_made_anew_instead_of_being_mounted(oci: Runtime, ends: Path) -> None:
    change = bound(ends / "nowhere", "/a/new/link", "copy-symlink")
    script = "readlink /a/new/link; grep -c /a/new /proc/mounts"
    assert oci.run("sh", "-c", script, change=change).out == "not/there\n0\n"
    assert oci.run("readlink", "/a/new/link", change=change).out == "not/there\n"


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (mount("/tmp", "tmpfs", "src-nofollow"), "mounts[3].options[0]: only bind mounts"),
        (mount("/tmp", "/etc", "bind", "copy-symlink", "dest-nofollow"),
         "mounts[3].options[2]: a link that is copied"),
        ({**mount("/target", "none", "bind", "copy-symlink"), "source": "{ends}/nowhere"},
         "mounts[3]: symlink /target: File exists"),
        ({**mount("/proc/self", "none", "bind", "dest-nofollow"), "source": "{ends}/file"},
         "mounts[3]: bind /proc/self: Operation not permitted (EPERM): a link of proc"),
        ({**mount("/new", "none", "bind", "dest-nofollow"), "source": "{ends}/nowhere"},
         "mount source {ends}/nowhere: does not exist"),
    ],
    ids=["no bind mount", "both", "another link", "of the kernel", "to nowhere"],
)  # fmt: skip
def test_what_can_not_be_is_told(oci: Runtime, ends: Path, wanted, told: str) -> None:
    wanted = {**wanted, "source": wanted["source"].format(ends=ends)}
    bundle = oci.bundle("true", change=lambda config: config["mounts"].append(wanted))
    said = oci("create", "-b", bundle, "box")
    assert said.code == 1
    assert said.err.startswith(f"cloche: {told.format(ends=ends)}"), said.err
    assert not list(oci.state.glob("*"))
