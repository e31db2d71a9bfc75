"""What a runtime is like is found out once, whoever asks at the same time, and not for ever."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cloche import Engine
from cloche.errors import CommandFailed, NotSupported
from cloche.values import replace
from cloche_oci.bundle import Bundle
from cloche_oci.programs import Program
from cloche_oci.smallest import smallest_bundle
from cloche_oci.tool import Tool
from cloche_oci.traits import UNIFIED, Memory, Traits

hybrid = pytest.mark.skipif(not os.path.exists(UNIFIED), reason="no hybrid control groups")


def bundle(place: Path) -> Bundle:
    place.mkdir()
    made = Bundle(place)
    made.make()
    return made


@hybrid
def test_two_that_ask_at_once_learn_the_same(
    tmp_path: Path, program: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuses = program(
        'case "$*" in *" create "*) test -e /sys/fs/cgroup/unified/cgroup.controllers &&'
        ' { echo "cgroups in hybrid mode not supported" >&2; exit 1; };; esac'
    )
    tool = Tool(Program(refuses), str(tmp_path / "home"))

    def late(bundle: Bundle, name: str, group: str) -> str:
        """Begin a try, and go on when another that has begun earlier may have ended."""
        time.sleep(0.5 * int(bundle.path.split("state-")[1][0]))
        return smallest_bundle(bundle, name, group)

    monkeypatch.setattr("cloche_oci.tool.smallest_bundle", late)
    (tmp_path / "home").mkdir(0o700)
    bundles = [bundle(tmp_path / f"state-{number}") for number in range(2)]
    threads = [threading.Thread(target=tool.get_ready, args=(each, 20)) for each in bundles]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tool.hides_unified
    assert Tool(Program(refuses), str(tmp_path / "home")).hides_unified


def test_another_version_of_a_program_is_looked_at_again(
    tmp_path: Path, program: Callable[[str], str]
) -> None:
    path = program("")
    memory = Memory(str(tmp_path / "memory.json"), Program(path))
    traits = Traits(refuses_hybrid_groups=True, passes_descriptors=False)
    memory.keep(traits)
    assert memory.recall() == traits
    os.utime(path, ns=(1, 1))
    assert memory.recall() is None


@pytest.mark.parametrize("text", ["", "{}", "[]", "[[], 1, 2]", "null"])
def test_a_memory_that_is_none_is_passed_over(tmp_path: Path, text: str) -> None:
    file = tmp_path / "memory.json"
    file.write_text(text)
    assert Memory(str(file), Program("/bin/true")).recall() is None


def test_a_runtime_that_passes_no_descriptors_is_not_asked_to(bench, tmp_path: Path) -> None:
    runsc = bench("runsc")
    with open(tmp_path / "file", "wb") as file:
        wanted = replace(runsc.request("/bin/busybox"), preserve_fds=(file.fileno(),))
        with pytest.raises(NotSupported, match="runsc hands no descriptors on"):
            runsc.create(wanted)
    assert not (tmp_path / "state-0" / "oci").exists()


def test_a_kernel_of_its_own_is_what_a_program_sees(bench) -> None:
    container = bench("runsc").start("/bin/busybox", "sh", "-c", "test $(uname -r) != 4.4.0")
    assert container.init.exit.wait(20).code == 1


def test_the_null_device_of_the_machine_stays_its_own(bench) -> None:
    """gVisor gives what it is given as streams to a user of its own."""
    before = os.stat(os.devnull)
    container = bench("runsc").start("/bin/busybox", "true")
    assert container.init.exit.wait(20).code == 0
    after = os.stat(os.devnull)
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid) == (0, 0)


@pytest.mark.parametrize("name", ["crun", "runc"])
def test_nor_is_it_given_to_the_user_of_what_is_executed(
    name: str, rootfs: Path, tmp_path: Path
) -> None:
    with (
        Engine(root=str(tmp_path / "engine"), runtime=f"oci:{name}") as engine,
        engine.start(rootfs=str(rootfs), idle=True) as box,
    ):
        assert box.run(["true"], user="12345").returncode == 0
    assert os.stat(os.devnull).st_uid == 0


def test_a_missing_program_is_told_by_start(bench) -> None:
    with pytest.raises(CommandFailed, match="command not found: /nothing") as raised:
        bench("runsc").start("/nothing")
    assert raised.value.exit_code == 127
