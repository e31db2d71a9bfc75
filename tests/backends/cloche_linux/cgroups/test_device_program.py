"""The program that v2 needs decides exactly as the kernel's own v1 controller does."""

from __future__ import annotations

import json
import os
import random
import uuid

import pytest

from cloche.spec import LinuxDeviceCgroup
from cloche_linux.cgroups.create import restrict_devices
from cloche_linux.cgroups.group import Group
from cloche_linux.cgroups.node import Node
from cloche_linux.programs import PROGRAMS

V1, V2 = "/sys/fs/cgroup/devices", "/sys/fs/cgroup/unified"

#: Every way to open four devices, and to make nodes of them and of a disk.
ATTEMPTS = """
import json, os, stat, tempfile
def errno_of(call, *arguments):
    try:
        found = call(*arguments)
    except OSError as error:
        return error.errno
    if found is not None:
        os.close(found)
    return 0
found = []
with tempfile.TemporaryDirectory() as directory:
    for minor in (3, 5, 7, 11):
        node = f"/proc/1/root/dev/{ {3: 'null', 5: 'zero', 7: 'full', 11: 'kmsg'}[minor] }"
        for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
            found.append(errno_of(os.open, node, flags))
        place = f"{directory}/{minor}"
        found.append(errno_of(os.mknod, place, stat.S_IFCHR, os.makedev(1, minor)))
        found.append(errno_of(os.mknod, place + "b", stat.S_IFBLK, os.makedev(1, minor)))
print(json.dumps(found))
"""


def random_rules(seed: int) -> list[LinuxDeviceCgroup]:
    choose = random.Random(seed)
    rules = []
    for _ in range(choose.randrange(1, 7)):
        everything = choose.random() < 0.25
        rules.append(
            LinuxDeviceCgroup(
                allow=choose.random() < 0.6,
                type="a" if everything else choose.choice("ccccb"),
                major=None if everything else choose.choice([1, 1, 1, None]),
                minor=None if everything else choose.choice([3, 5, 7, 11, None]),
                access="".join(choose.sample("rwm", choose.randrange(1, 4))),
            )
        )
    return rules


@pytest.mark.parametrize("seed", range(40))
def test_the_program_and_v1_agree(seed, group_at, inside):
    rules = random_rules(seed)
    told, programmed = group_at(V1, rules), group_at(V2, rules)
    answers = [json.loads(inside.run(group, ATTEMPTS).stdout) for group in (told, programmed)]
    assert answers[0] == answers[1], rules


def test_the_rules_above_do_deny_and_allow():
    """Else they would agree about nothing."""
    first = {random_rules(seed)[0].allow for seed in range(40)}
    assert first == {True, False}


@pytest.fixture
def group_at(groups):
    def make(mount: str, rules: list[LinuxDeviceCgroup]) -> Group:
        path = f"{mount}/test-{uuid.uuid4().hex}"
        os.mkdir(path)
        version, controllers = (1, {"devices"}) if mount == V1 else (2, set())
        node = Node(version=version, controllers=frozenset(controllers), path=path)
        restrict_devices(rules, [node], PROGRAMS)
        groups.made.append(Group("rules", (node,)))
        return groups.made[-1]

    return make
