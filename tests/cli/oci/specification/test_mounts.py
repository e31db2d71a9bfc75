"""Mounts: their order, their places, and every option that must be known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .changes import Change, bound, every, linux, mounted, placed

#: Options of mount(8) that must be known, and what of each is seen where it is mounted.
PLAIN = {
    "async": ("", "sync"),
    "atime": ("", "noatime"),
    "defaults": ("rw", "ro"),
    "dev": ("", "nodev"),
    "diratime": ("", "nodiratime"),
    "dirsync": ("dirsync", ""),
    "exec": ("", "noexec"),
    "iversion": ("", ""),
    "lazytime": ("lazytime", ""),
    "loud": ("", ""),
    "noatime": ("noatime", ""),
    "nodev": ("nodev", ""),
    "nodiratime": ("nodiratime", ""),
    "noexec": ("noexec", ""),
    "noiversion": ("", ""),
    "nolazytime": ("", "lazytime"),
    "norelatime": ("", ""),
    "nostrictatime": ("", ""),
    "nosuid": ("nosuid", ""),
    "relatime": ("relatime", ""),
    "ro": ("ro", "rw"),
    "rw": ("rw", "ro"),
    "silent": ("", ""),
    "strictatime": ("", "relatime"),
    "suid": ("", "nosuid"),
    "sync": ("sync", ""),
}
#: What a later option takes back.
TAKEN_BACK = {
    "async": "sync", "atime": "noatime", "dev": "nodev",
    "diratime": "nodiratime", "exec": "noexec", "nolazytime": "lazytime", "rw": "ro",
    "strictatime": "relatime", "suid": "nosuid",
}  # fmt: skip
PROPAGATIONS = {
    "private": "", "rprivate": "", "shared": "shared:", "rshared": "shared:", "slave": "",
    "rslave": "", "unbindable": "unbindable", "runbindable": "unbindable",
}  # fmt: skip


def scratch(destination: str, *options: str) -> dict[str, Any]:
    return {
        "destination": destination, "type": "tmpfs", "source": "scratch", "options": [*options]
    }  # fmt: skip


def mounts(runtime, change: Change) -> dict[str, tuple[set[str], str]]:
    """What is mounted where: the options, and the propagation."""
    found = {}
    for line in runtime.inside("cat /proc/self/mountinfo", change=change).splitlines():
        left, right = line.split(" - ")
        words = left.split()
        own, whole = {*words[5].split(",")}, {*right.split()[2].split(",")}
        options = own | whole - {"rw"} if "ro" in own else own | whole
        found[words[4]] = options, " ".join(words[6:])
    return found


def test_every_option_that_must_be_known_does_what_mount_does_by_it(runtime) -> None:
    entries = [scratch(f"/tmp/{name}", name) for name in PLAIN]
    found = mounts(runtime, mounted(scratch("/tmp"), *entries))
    assert set(found) >= {f"/tmp/{name}" for name in PLAIN}
    wrong = [
        name
        for name, (there, absent) in PLAIN.items()
        if (there and there not in found[f"/tmp/{name}"][0]) or absent in found[f"/tmp/{name}"][0]
    ]
    assert wrong == []


def test_a_later_option_takes_an_earlier_one_back(runtime) -> None:
    entries = [scratch(f"/tmp/{late}", early, late) for late, early in TAKEN_BACK.items()]
    found = mounts(runtime, mounted(scratch("/tmp"), *entries))
    assert [late for late, early in TAKEN_BACK.items() if early in found[f"/tmp/{late}"][0]] == []


@pytest.fixture
def tree(runtime, tmp_path: Path) -> Path:
    """A directory with another mount below it, which the runtime alone sees."""
    (tmp_path / "tree/below").mkdir(parents=True)
    (tmp_path / "tree/here").touch()
    runtime.aside("mount", "-t", "tmpfs", "tmpfs", str(tmp_path / "tree/below"))
    runtime.aside("touch", str(tmp_path / "tree/below/there"))
    return tmp_path / "tree"


def test_a_bind_mount_shows_a_directory_and_a_recursive_one_what_is_below(runtime, tree) -> None:
    change = mounted(
        scratch("/tmp"), bound(tree, "/tmp/flat", "bind"), bound(tree, "/tmp/deep", "rbind")
    )
    said = runtime.inside("cd /tmp; ls -d flat/* flat/below/* deep/* deep/below/* || :", change)
    assert said.split() == [
        "deep/below", "deep/below/there", "deep/here", "flat/below", "flat/here"
    ]  # fmt: skip


@pytest.mark.parametrize("wanted", PROPAGATIONS)
def test_events_of_a_bind_mount_go_where_its_option_says(runtime, tree, wanted: str) -> None:
    change = mounted(scratch("/tmp"), bound(tree, "/tmp/it", "rbind", wanted))
    found = mounts(runtime, change)
    places = ("/tmp/it", "/tmp/it/below") if wanted.startswith("r") else ("/tmp/it",)
    for place in places:
        mark = found[place][1]
        assert mark.startswith(PROPAGATIONS[wanted]) if PROPAGATIONS[wanted] else mark == "", place


def test_a_bind_mount_that_is_a_slave_receives_and_sends_nothing(runtime, tree) -> None:
    runtime.aside("mount", "--bind", str(tree), str(tree))
    runtime.aside("mount", "--make-shared", str(tree))
    change = every(
        linux(rootfsPropagation="slave"),
        mounted(scratch("/tmp"), bound(tree, "/tmp/it", "bind", "slave")),
    )
    assert mounts(runtime, change)["/tmp/it"][1].startswith("master:")
    runtime.aside("umount", str(tree))


def test_what_is_mounted_may_be_mounted_again_with_other_options(runtime, tree) -> None:
    again = bound(tree, "/tmp/it", "remount", "bind", "ro", "nosuid")
    change = mounted(scratch("/tmp"), bound(tree, "/tmp/it", "bind"), again)
    assert mounts(runtime, change)["/tmp/it"][0] >= {"ro", "nosuid"}
    change = mounted(scratch("/tmp"), scratch("/tmp", "remount", "size=64k"))
    assert "size=64k" in mounts(runtime, change)["/tmp"][0]


def test_mounts_are_made_in_their_order(runtime, tree) -> None:
    """What is mounted later lies on what was mounted before, or in it."""
    change = mounted(
        bound(tree, "/tmp", "bind"), scratch("/tmp"), bound(tree, "/tmp/in/it", "bind")
    )
    assert runtime.inside("ls /tmp; ls /tmp/in/it", change).split() == ["in", "below", "here"]


def test_a_relative_place_is_one_below_the_root(runtime, tree) -> None:
    change = mounted(bound(tree, "tmp", "bind"))
    assert runtime.inside("cd /etc; ls /tmp", change).split() == ["below", "here"]


def test_the_source_of_a_bind_mount_may_be_relative_to_the_bundle(runtime) -> None:
    change = mounted(scratch("/tmp"), bound("config.json", "/tmp/it", "bind"))
    assert '"ociVersion"' in runtime.inside("cat /tmp/it", change)


def test_a_root_that_is_read_only_is_not_written_to(runtime) -> None:
    said = runtime.run("sh", "-c", "touch /new", change=placed("root.readonly", True))
    assert said.code != 0
    assert "Read-only file system" in said.err
    assert not (runtime.busybox / "new").exists()


def test_a_mount_that_is_read_only_is_not_written_to(runtime, tree) -> None:
    change = mounted(bound(tree, "/tmp", "bind", "ro"))
    assert "Read-only file system" in runtime.run("sh", "-c", "touch /tmp/x", change=change).err


@pytest.mark.parametrize("option", ["idmap", "ridmap"])
def test_owners_are_translated_by_the_mounts_own_mappings(runtime, tree, option: str) -> None:
    mapping = [{"containerID": 0, "hostID": 4000, "size": 1000}]
    mappings = {"uidMappings": mapping, "gidMappings": mapping}
    entry = bound(tree, "/tmp/it", "rbind", option, **mappings)
    script = "stat -c '%u %g' /tmp/it/here /tmp/it/below/there"
    said = runtime.inside(script, mounted(scratch("/tmp"), entry)).split()
    assert said == ["4000", "4000", *(["4000"] * 2 if option == "ridmap" else ["0"] * 2)]


def test_without_mappings_nothing_can_be_translated(runtime, tree) -> None:
    """Neither the mount has any, nor is there a user namespace."""
    wrong = {
        option: mounted(scratch("/tmp"), bound(tree, "/tmp/it", "rbind", option))
        for option in ("idmap", "ridmap")
    }
    assert [option for option, change in wrong.items() if runtime.accepts(change)] == []
