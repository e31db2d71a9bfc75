"""Containers that outlive their maker: who tells how they end, and what is left of whom."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cloche
from cloche import Reason, State
from cloche.testing.lab import census, comes_true, settled

MAKER = """
import sys, cloche
state, rootfs, name, *command = sys.argv[1:]
engine = cloche.Engine(runtime="linux", root=state)
print(engine.start(command, rootfs=rootfs, name=name, lifetime="detached", keep=KEEP, MORE).id)
"""


@pytest.fixture
def make(tmp_path: Path, busybox: str, engine: cloche.Engine) -> Callable[..., str]:
    """Make a detached container in a process that has ended then; its id."""

    def run(*command: str, name: str = "box", keep: bool = True, more: str = "") -> str:
        code = MAKER.replace("KEEP", str(keep)).replace(", MORE", f", {more}" if more else "")
        words = [sys.executable, "-c", code, str(tmp_path / "state"), busybox, name, *command]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    return run


def keepers(state: Path) -> list[int]:
    """The keepers of one engine's containers: they have a file of its own open."""
    return [int(pid) for pid in os.listdir("/proc") if pid.isdecimal() and _keeps(pid, state)]


def _keeps(pid: str, state: Path) -> bool:
    try:
        if Path(f"/proc/{pid}/comm").read_text() != "cloche-keeper\n":
            return False
        files = os.listdir(f"/proc/{pid}/fd")
        return any(str(state) in os.readlink(f"/proc/{pid}/fd/{file}") for file in files)
    except OSError:
        return False


def test_whoever_waits_learns_how_it_ends(engine: cloche.Engine, make: Callable[..., str]) -> None:
    make("sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.1; done")
    found = engine.get("box")
    assert (found.state, found.poll()) == (State.RUNNING, None)
    while found.poll() is None:  # until it has its trap
        found.kill("SIGTERM")
        time.sleep(0.1)
    assert found.wait(20) in (7, -15)
    found.remove()


@pytest.mark.parametrize(
    ("script", "code", "init"),
    [
        ("exit 7", 7, True),
        ("kill -9 $$", -9, True),
        ("kill -TERM $$", -15, True),
        ("exit 7", 7, False),
    ],
)
def test_its_end_is_known_when_nobody_was_there(
    engine: cloche.Engine,
    make: Callable[..., str],
    tmp_path: Path,
    script: str,
    code: int,
    init: bool,
) -> None:
    make("sh", "-c", script, more=f"init={init}")
    assert comes_true(lambda: not keepers(tmp_path / "state"))
    seen = time.time()
    details = engine.get("box").inspect()
    assert details.status is not None
    assert details.status.returncode == code
    assert details.finished is not None
    assert details.finished <= seen
    engine.get("box").remove()


def test_a_container_in_a_user_namespace_of_its_own_has_one_too(
    open_place: Path, busybox: str
) -> None:
    """There the first process is made by a helper that ends, and is the keeper's all the same."""

    class Mapping:
        @cloche.hookimpl
        def cloche_prepare_spec(self, request: Any) -> Callable[[Any], Any]:
            from cloche.spec import LinuxIDMapping, LinuxNamespace

            maps = (LinuxIDMapping(container_id=0, host_id=1_000_000, size=65_536),)

            def change(spec: Any) -> Any:
                spaces = (*spec.linux.namespaces, LinuxNamespace(type="user"))
                linux = spec.linux.replace(namespaces=spaces, uid_mappings=maps, gid_mappings=maps)
                return spec.replace(linux=linux)

            return change

    state, root = open_place / "mapped", open_place / "root-mapped"
    (state / "data").mkdir(parents=True)  # which users of the container can reach, as the root
    shutil.copytree(busybox, root, symlinks=True)
    with cloche.Engine(runtime="linux", root=state, plugins=[Mapping()]) as other:
        box = other.start(
            ["sh", "-c", "exit 5"], rootfs=root, lifetime="detached", storage_size="8M"
        )
        assert box.wait(20) == 5
        box.remove()


def test_want_of_memory_is_told(engine: cloche.Engine, make: Callable[..., str]) -> None:
    make("tail", "/dev/zero", more="memory='16M'")
    found = engine.get("box")
    found.wait(30)
    assert found.status is not None
    assert found.status.reason is Reason.OOM
    found.remove()


def test_it_ends_with_its_keeper(
    engine: cloche.Engine, make: Callable[..., str], tmp_path: Path
) -> None:
    make("sleep", "600")
    found = engine.get("box")
    pid = found.inspect().pid
    (keeper,) = keepers(tmp_path / "state")
    os.kill(keeper, signal.SIGKILL)
    assert found.wait(20) is None
    assert comes_true(lambda: not os.path.exists(f"/proc/{pid}"))
    found.remove()


def test_its_keeper_holds_nothing_else(
    engine: cloche.Engine, make: Callable[..., str], tmp_path: Path
) -> None:
    make("sleep", "600")
    (keeper,) = keepers(tmp_path / "state")
    place = Path("/proc", str(keeper))
    assert len(os.listdir(place / "fd")) == 2
    assert os.readlink(place / "cwd") == "/"
    for kind in ("mnt", "pid", "net", "user"):
        assert os.readlink(place / "ns" / kind) == os.readlink(f"/proc/self/ns/{kind}")
    engine.get("box").remove(force=True)
    assert keepers(tmp_path / "state") == []


def test_without_its_record_it_is_listed_and_can_be_removed(
    engine: cloche.Engine, make: Callable[..., str], tmp_path: Path
) -> None:
    id = make("sleep", "600")  # noqa: A001 - as the contract calls it
    shutil.rmtree(tmp_path / "state/run/containers" / id)
    (found,) = engine.list()
    assert (found.id, found.state) == (id, State.RUNNING)
    assert found.inspect().problem == "it has no record"
    found.remove(force=True)
    assert engine.list(all=True) == []
    assert keepers(tmp_path / "state") == []
    assert id in engine.prune()  # its root


def test_what_is_not_kept_goes_when_it_has_ended(
    engine: cloche.Engine, make: Callable[..., str], tmp_path: Path
) -> None:
    make("sleep", "600", keep=False)
    with cloche.Engine(runtime="linux", root=tmp_path / "state") as other:
        assert [each.name for each in other.list()] == ["box"]
        assert other.prune() == []
        other.get("box").kill()
        assert comes_true(lambda: not keepers(tmp_path / "state"))
    with cloche.Engine(runtime="linux", root=tmp_path / "state") as other:
        assert other.list(all=True) == []


def test_a_maker_that_stays_is_left_nothing(engine: cloche.Engine, busybox: str) -> None:
    """Neither a zombie nor a descriptor, however its containers end."""

    def life() -> None:
        box = engine.start(["sleep", "600"], rootfs=busybox, lifetime="detached")
        with box.exec(["true"]) as process:
            process.wait(20)
        box.kill()
        box.remove(force=True)

    life()
    before = settled()
    for _ in range(3):
        life()
    assert comes_true(lambda: census().is_no_more_than(before))


def test_what_is_created_by_parameters_waits(engine: cloche.Engine, busybox: str) -> None:
    box = engine.create(["sh", "-c", "exit 3"], rootfs=busybox, name="box", lifetime="detached")
    assert (box.state, box.inspect().keep) == (State.CREATED, True)
    with cloche.Engine(runtime="linux", root=Path(engine._places.run).parent) as other:  # pyright: ignore[reportPrivateUsage]
        found = other.get("box")
        assert found.state is State.CREATED
        found.start()
        assert found.wait(20) == 3
        found.remove()
    box.close()
