"""What is laid out for a kernel that has a security module; none is asked here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from cloche.spec import Mount, Process, User
from cloche_linux.blueprint.extras import Extras
from cloche_linux.blueprint.labels import add_labels, labelled
from cloche_linux.blueprint.options import parse
from cloche_linux.plan import Plan
from cloche_linux.steps import Step

LABEL = "system_u:object_r:container_file_t:s0:c1,c2"
PROCESS = Process(args=("true",), cwd="/", user=User(uid=0, gid=0))
PROFILE, SELINUX = "process.apparmorProfile", "process.selinuxLabel"


class Laid(NamedTuple):
    """A label's step: what it is for, the file, and what is written."""

    origin: str
    file: str
    text: str


def laid_out(process: Process) -> list[Laid]:
    """Add the labels of a process to a plan, and read it."""
    plan, extras = Plan(), Extras()
    try:
        add_labels(plan, extras, process)
        assert len(set(extras.descriptors)) == len(plan)
        for descriptor in extras.descriptors:
            assert os.readlink(f"/proc/self/fd/{descriptor}") == "/proc"
        return [*_read(plan.encode(), plan.origins)]
    finally:
        extras.close()


def _read(encoded: bytes, origins: tuple[str, ...]) -> Iterator[Laid]:
    area = 32 + 64 * len(origins)
    for place, origin in enumerate(origins):
        record = encoded[32 + 64 * place :][:64]
        assert int.from_bytes(record[:2], "little") == Step.LABEL
        (file, size), (text, length) = (_span(record, at) for at in (32, 48))
        told = encoded[area + file :][:size], encoded[area + text :][:length]
        yield Laid(origin, told[0].decode(), told[1].decode())


def _span(record: bytes, at: int) -> tuple[int, int]:
    start, length = record[at : at + 4], record[at + 4 : at + 8]
    return int.from_bytes(start, "little"), int.from_bytes(length, "little")


def test_a_profile_is_that_of_the_next_program() -> None:
    (step,) = laid_out(PROCESS.replace(apparmor_profile="guarded"))
    own = os.path.exists("/proc/thread-self/attr/apparmor/exec")
    file = "thread-self/attr/apparmor/exec" if own else "thread-self/attr/exec"
    assert step == (PROFILE, file, "exec guarded")


def test_a_label_is_that_of_the_session_keyring_and_the_next_program() -> None:
    steps = laid_out(PROCESS.replace(selinux_label=LABEL))
    assert steps == [
        (SELINUX, "thread-self/attr/keycreate", LABEL),
        (SELINUX, "thread-self/attr/exec", LABEL),
    ]


def test_without_either_nothing_is_laid_out() -> None:
    assert laid_out(PROCESS) == []


@pytest.mark.parametrize("type", ["tmpfs", "devpts", "ext4", "overlay"])
def test_a_file_system_that_is_mounted_anew_is_labelled_whole(type: str) -> None:
    mount = Mount(destination="/x", type=type, source=type, options=("ro",))
    (changed,) = labelled((mount,), LABEL)
    assert parse(changed.options or ()).own == (("context", LABEL),)
    assert parse(changed.options or ()).attributes == parse(("ro",)).attributes


@pytest.mark.parametrize(
    "mount",
    [
        Mount(destination="/proc", type="proc", source="proc"),
        Mount(destination="/sys", type="sysfs", source="sysfs"),
        Mount(destination="/dev/mqueue", type="mqueue", source="mqueue"),
        Mount(destination="/sys/fs/cgroup", type="cgroup", source="cgroup"),
        Mount(destination="/x", type="bind", source="/usr"),
        Mount(destination="/x", source="/usr", options=("rbind", "ro")),
        Mount(destination="/x", type="tmpfs", options=("remount", "ro")),
        Mount(destination="/x", type="tmpfs", options=("context=other",)),
        Mount(destination="/x", type="tmpfs", options=("rootcontext=other",)),
    ],
    ids=lambda mount: f"{mount.type} {mount.options}",
)
def test_what_is_there_already_or_has_a_label_keeps_it(mount: Mount) -> None:
    assert labelled((mount,), LABEL) == (mount,)
