"""Where groups are mounted and where we are in them, for each layout that machines come in."""

from __future__ import annotations

import os

from cloche_linux.cgroups.layout import detect, parse

MOUNT = "{id} 20 0:{id} {root} {point} {options} shared:9 - {type} {source} {supers}\n"


def mount(point: str, type: str, supers: str = "rw", root: str = "/", options: str = "rw") -> str:
    return MOUNT.format(
        id=30, root=root, point=point, options=options, type=type, source=type, supers=supers
    )


TMPFS = mount("/sys/fs/cgroup", "tmpfs")
CPU = mount("/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct")
MEMORY = mount("/sys/fs/cgroup/memory", "cgroup", "rw,memory")
SYSTEMD = mount("/sys/fs/cgroup/systemd", "cgroup", "rw,xattr,name=systemd")
UNIFIED = mount("/sys/fs/cgroup/unified", "cgroup2", "rw,nsdelegate")

OWN = "5:memory:/user/me\n4:cpu,cpuacct:/\n1:name=systemd:/user\n0::/user/me\n"


def test_v1_has_controllers_alone_or_together():
    layout = parse(TMPFS + CPU + MEMORY, OWN)
    assert layout.holding("cpuacct").mount == "/sys/fs/cgroup/cpu,cpuacct"
    assert layout.holding("memory").own == "/sys/fs/cgroup/memory/user/me"
    assert {h.version for h in layout.hierarchies} == {1}
    assert layout.unified is None


def test_hybrid_has_both():
    layout = parse(TMPFS + CPU + MEMORY + SYSTEMD + UNIFIED, OWN)
    assert layout.unified.own == "/sys/fs/cgroup/unified/user/me"
    assert layout.holding("memory").version == 1


def test_v2_is_alone():
    layout = parse(mount("/sys/fs/cgroup", "cgroup2"), "0::/system.slice/x.service\n")
    assert layout.unified.own == "/sys/fs/cgroup/system.slice/x.service"
    assert layout.unified.version == 2


def test_what_is_mounted_over_is_not_there():
    covered = TMPFS + MEMORY + UNIFIED + TMPFS
    assert parse(covered, OWN).hierarchies == ()
    again = parse(covered + mount("/sys/fs/cgroup", "cgroup2"), OWN)
    assert [h.mount for h in again.hierarchies] == ["/sys/fs/cgroup"]


def test_a_mount_of_a_part_shows_what_is_beneath_it():
    """As in a container without a cgroup namespace."""
    part = mount("/sys/fs/cgroup/memory", "cgroup", "rw,memory", root="/docker/abc")
    assert parse(part, "5:memory:/docker/abc\n").holding("memory").own == "/sys/fs/cgroup/memory"
    inner = parse(part, "5:memory:/docker/abc/in\n").holding("memory").own
    assert inner == "/sys/fs/cgroup/memory/in"


def test_a_mount_that_does_not_show_us_is_left_out():
    part = mount("/sys/fs/cgroup/memory", "cgroup", "rw,memory", root="/docker/abc")
    assert parse(part, "5:memory:/docker/abcd\n").hierarchies == ()
    outside = mount("/sys/fs/cgroup", "cgroup2")
    assert parse(outside, "0::/../sibling\n").hierarchies == ()


def test_a_mount_for_reading_is_told_apart():
    by_mount = mount("/sys/fs/cgroup/memory", "cgroup", "rw,memory", options="ro,nosuid")
    assert parse(by_mount, OWN).holding("memory").read_only
    assert not parse(MEMORY, OWN).holding("memory").read_only


def test_escapes_are_undone():
    odd = mount("/mnt/a\\040b", "cgroup2")
    assert parse(odd, "0::/\n").unified.mount == "/mnt/a b"


def test_on_this_machine_we_are_where_it_says():
    for hierarchy in detect().hierarchies:
        with open(f"{hierarchy.own}/cgroup.procs") as procs:
            assert str(os.getpid()) in procs.read().split(), hierarchy
