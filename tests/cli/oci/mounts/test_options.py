"""Every option of the runtime-spec's table (config.md, "Linux mount options") does what it says."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from uuid import uuid4

import pytest
from tests.cli.oci.conftest import Runtime, copy_root, mount

from .conftest import Place, Shown, shown

#: What an option makes of a mount: a word of mountinfo that is there then.
SETS = {name: name for name in ("ro", "nosuid", "nodev", "noexec", "nodiratime", "nosymfollow")}
SETS |= {"noatime": "noatime"}
#: A word that is not there any more.
CLEARS = {"rw": "ro", "suid": "nosuid", "dev": "nodev", "exec": "noexec", "diratime": "nodiratime"}
CLEARS |= {"symfollow": "nosymfollow", "atime": "noatime", "relatime": "noatime"}
CLEARS |= {"strictatime": "noatime", "nostrictatime": "noatime"}
EVERYTHING = "ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow"
#: Words of mountinfo about a new file system, whatever its type.
SUPERBLOCK = {"sync": "sync", "dirsync": "dirsync", "lazytime": "lazytime", "mand": "mand"}
OPPOSITES = {"sync": "async", "lazytime": "nolazytime", "mand": "nomand"}
#: What changes nothing by itself.
NOTHING = ("async", "defaults", "iversion", "loud", "noiversion", "nolazytime", "nomand")
NOTHING += ("norelatime", "silent")
PROPAGATIONS = ("private", "shared", "slave", "unbindable")
MANNERS = ("bind", "rbind", "remount", "idmap", "ridmap", "tmpcopyup")
LINKS = ("copy-symlink", "src-nofollow", "dest-nofollow")
ELSEWHERE = {*MANNERS, *LINKS, *PROPAGATIONS, *(f"r{name}" for name in PROPAGATIONS)}


@pytest.fixture
def source(tmp_path: Path, place: Place) -> Path:
    """A directory with a mount in it; both with no options at first."""
    source = tmp_path / "source"
    source.mkdir()
    place.do("mount", "-t", "tmpfs", "top", source)
    place.do("mkdir", source / "sub")
    place.do("mount", "-t", "tmpfs", "sub", source / "sub")
    return source


def seen(oci: Runtime, mounts: list[dict[str, object]]) -> dict[str, Shown]:
    """What a container sees of its mounts beneath /tmp/m."""

    def change(config) -> None:
        config["mounts"].append(mount("/tmp/m", "tmpfs"))
        config["mounts"] += mounts

    said = oci.run("cat", "/proc/self/mountinfo", change=change)
    assert said.code == 0, said.err
    return {each.point[7:]: each for each in shown(said.out) if each.point.startswith("/tmp/m/")}


def bound(source: Path, name: str, *options: str) -> dict[str, object]:
    return {**mount(f"/tmp/m/{name}", "bind", *options), "source": str(source)}


def test_options_are_those_of_a_new_file_system(oci: Runtime) -> None:
    found = seen(oci, [mount(f"/tmp/m/{name}", "tmpfs", name) for name in SETS])
    assert {name: word in found[name].options for name, word in SETS.items()} == dict.fromkeys(
        SETS, True
    )


def test_options_of_a_bind_are_the_topmost_mounts_alone(oci, place, source) -> None:
    found = seen(oci, [bound(source, name, "rbind", name) for name in SETS])
    for name, word in SETS.items():
        assert word in found[name].options, name
        assert word not in found[f"{name}/sub"].options, name


def test_with_an_r_before_it_an_option_is_all_mounts(oci, place, source) -> None:
    found = seen(oci, [bound(source, name, "rbind", f"r{name}") for name in SETS])
    for name, word in SETS.items():
        assert word in found[name].options, name
        assert word in found[f"{name}/sub"].options, name


def test_the_opposite_takes_away_what_the_source_has(oci, place, source) -> None:
    for path in (source / "sub", source):
        place.do("mount", "-o", f"remount,bind,{EVERYTHING}", path)
    found = seen(oci, [bound(source, name, "rbind", name) for name in CLEARS])
    for name, word in CLEARS.items():
        assert word not in found[name].options, name
        assert word in found[f"{name}/sub"].options, name
    found = seen(oci, [bound(source, name, "rbind", f"r{name}") for name in CLEARS])
    for name, word in CLEARS.items():
        assert word not in found[name].options | found[f"{name}/sub"].options, name


def test_access_times_are_strict_or_relative(oci, place, source) -> None:
    names = ("strictatime", "nostrictatime", "rstrictatime", "rnostrictatime", "rrelatime")
    names += ("relatime", "norelatime", "rnorelatime")
    found = seen(oci, [bound(source, name, "rbind", name) for name in names])
    strict = {name for name, each in found.items() if "relatime" not in each.options}
    assert strict == {"strictatime", "rstrictatime", "rstrictatime/sub"}


def test_flags_of_any_file_system_are_those_of_a_new_one(oci: Runtime) -> None:
    found = seen(oci, [mount(f"/tmp/m/{name}", "tmpfs", name) for name in SUPERBLOCK])
    assert all(word in found[name].superblock for name, word in SUPERBLOCK.items()), found


def test_of_two_opposites_the_later_one_counts(oci: Runtime) -> None:
    found = seen(oci, [
        *(mount(f"/tmp/m/{name}", "tmpfs", name, no) for name, no in OPPOSITES.items()),
        mount("/tmp/m/ro", "tmpfs", "rw", "ro"), mount("/tmp/m/rw", "tmpfs", "ro", "rw"),
    ])  # fmt: skip
    assert not any(name in found[name].superblock for name in OPPOSITES)
    assert ("ro" in found["ro"].options, "ro" in found["rw"].options) == (True, False)


def test_some_options_are_taken_and_change_nothing(oci, place, source) -> None:
    found = seen(oci, [
        *(mount(f"/tmp/m/{name}", "tmpfs", name) for name in NOTHING),
        *(bound(source, f"b{name}", "bind", name) for name in (*NOTHING, *SUPERBLOCK)),
    ])  # fmt: skip
    for name in (*NOTHING, *(f"b{each}" for each in (*NOTHING, *SUPERBLOCK))):
        assert found[name].options == {"rw", "relatime"}, name
        assert not {"sync", "dirsync", "lazytime", "mand"} & found[name].superblock, name


def test_what_is_not_known_is_the_file_systems_own(oci: Runtime) -> None:
    found = seen(oci, [mount("/tmp/m/own", "tmpfs", "size=64k", "nr_inodes=7", "mode=0700")])
    assert {"size=64k", "nr_inodes=7", "mode=700"} <= found["own"].superblock


def test_values_for_a_file_system_say_nothing_of_one_that_is_mounted(oci: Runtime) -> None:
    said = ("nosuid", "mode=755", "size=1k", "copy", "nocopy")
    bound = mount("/tmp/m/bound", "bind", "bind", *said)
    found = seen(oci, [{**bound, "source": "/etc"}])
    assert "nosuid" in found["bound"].options


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (mount("/tmp/m", "tmpfs", "size=much"), "mounts[3]: mount size: Invalid argument"),
        (mount("/tmp/m", "tmpfs", "nonsense"), "mounts[3]: mount nonsense: Invalid argument"),
        (mount("/tmp/m", "nosuchfs"), "mounts[3]: mount /tmp/m: No such device (ENODEV)"),
        (mount("/tmp/m", "/etc", "bind", "wide"), "mounts[3].options[1]: wide is"),
        ({"destination": "/tmp/m"}, "mounts[3].type: "),
        ({"destination": "/tmp/m", "options": ["bind"]}, "mounts[3].source: "),
        (mount("/tmp/m", "proc", "tmpcopyup"), "mounts[3].options[0]: "),
        (mount("/", "tmpfs", "tmpcopyup"), "mounts[3].options[0]: "),
        (mount("/etc/passwd/m", "tmpfs"), "mounts[3]: mount /etc/passwd/m: Not a directory"),
        (mount("/bin", "tmpfs", "remount", "ro"), "mounts[3]: remount /bin: Invalid argument"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_told_by_its_place(oci: Runtime, wanted, told: str) -> None:
    bundle = oci.bundle("true", change=lambda config: config["mounts"].append(wanted))
    said = oci("create", "-b", bundle, "box")
    assert said.code == 1
    assert said.err.startswith(f"cloche: {told}"), said.err
    assert not list(oci.state.glob("*"))


def test_what_is_mounted_may_be_changed(oci: Runtime) -> None:
    found = seen(oci, [
        mount("/tmp/m/a", "tmpfs", "size=64k"),
        mount("/tmp/m/a", "tmpfs", "remount", "size=128k", "noexec"),
        mount("/tmp/m/b", "tmpfs", "size=64k"),
        mount("/tmp/m/b", "tmpfs", "remount", "bind", "ro", "nodev"),
    ])  # fmt: skip
    assert "size=128k" in found["a"].superblock
    assert "noexec" in found["a"].options
    assert {"ro", "nodev"} <= found["b"].options
    assert "rw" in found["b"].superblock


def test_a_destination_may_begin_at_the_root_without_saying_so(oci: Runtime) -> None:
    assert "relative" in seen(oci, [mount("tmp/m/relative", "tmpfs")])


def test_a_source_may_begin_at_the_bundle(oci: Runtime) -> None:
    def change(config) -> None:
        config["mounts"].append({**mount("/tmp", "bind", "bind"), "source": "./content"})

    bundle = Path(oci.bundle("cat", "/tmp/file", change=change))
    (bundle / "content").mkdir()
    (bundle / "content/file").write_text("text")
    assert oci("run", "-b", str(bundle), "once").out == "text"


def test_a_tmpfs_may_be_read_only_with_mounts_and_devices_in_it(oci: Runtime) -> None:
    def change(config) -> None:
        config["mounts"][1]["options"].append("ro")  # /dev, with /dev/pts in it
        config["process"]["cwd"] = "/tmp/m/made"
        config["mounts"].append(mount("/tmp/m", "tmpfs", "ro"))

    script = "pwd; touch /tmp/m/x /dev/x; echo > /dev/null; test -d /dev/pts/ && echo"
    said = oci.run("sh", "-c", script, change=change)
    assert said.out == "/tmp/m/made\n\n", said.err
    assert said.err.count("Read-only file system") == 2


def test_a_tmpfs_has_the_permissions_of_what_it_hides_unless_others_are_named(
    oci: Runtime, busybox: Path
) -> None:
    new = f"/tmp/{uuid4()}"
    wanted = [mount("/etc", "tmpfs", "ro"), mount(new, "tmpfs")]
    wanted += [mount("/tmp/named", "tmpfs", "mode=0712")]
    script = f"stat -c %a /etc {new} /tmp/named; grep -o ' /etc .*mode=[0-7]*' /proc/mounts"
    said = oci.run("sh", "-c", script, change=lambda config: config["mounts"].extend(wanted))
    usual = format((busybox / "etc").stat().st_mode & 0o7777, "o")
    *modes, shown = said.out.splitlines()
    assert modes == [usual, "1777", "712"]
    assert shown.endswith(f"mode={usual}"), "its options say so as well"


def test_a_tmpfs_may_begin_with_what_it_hides(oci: Runtime, busybox: Path) -> None:
    wanted = mount("/etc", "tmpfs", "tmpcopyup", "size=1m", "ro")
    script = (
        "cat /etc/passwd; stat -c '%a %u' /etc/passwd; touch /etc/x; grep -c ' /etc ' /proc/mounts"
    )
    said = oci.run("sh", "-c", script, change=lambda config: config["mounts"].append(wanted))
    assert said.out == f"{(busybox / 'etc/passwd').read_text()}644 0\n1\n"
    assert "Read-only file system" in said.err
    assert not (busybox / "etc/x").exists()


def test_what_begins_so_has_the_extended_attributes_as_well(oci: Runtime, tmp_path: Path) -> None:
    """A program's capabilities are one."""
    root = oci.busybox = copy_root(oci.busybox, tmp_path / "root")
    ping = struct.pack("<5I", 0x2000001, 1 << 13, 0, 0, 0)  # linux/capability.h, revision 2
    os.setxattr(root / "bin/busybox", "security.capability", ping)
    os.setxattr(root / "bin/sh", "trusted.link", b"2", follow_symlinks=False)
    wanted = [mount("/bin", "tmpfs", "tmpcopyup")]
    pid = oci.create("true", change=lambda config: config["mounts"].extend(wanted))
    found = Path(f"/proc/{pid}/root/bin")
    assert os.getxattr(found / "busybox", "security.capability") == ping
    assert os.getxattr(found / "sh", "trusted.link", follow_symlinks=False) == b"2"


def test_the_features_list_all_of_the_table(oci: Runtime) -> None:
    told = json.loads(oci("features").out)
    table = {*SETS, *CLEARS, *SUPERBLOCK, *NOTHING, *ELSEWHERE}
    recursive = {f"r{name}" for name in (*SETS, *CLEARS, "norelatime")}
    assert {*told["mountOptions"]} == table | recursive
    assert told["linux"]["mountExtensions"] == {"idmap": {"enabled": True}}
