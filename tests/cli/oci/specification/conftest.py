"""A runtime to put to the specification's requirements: ours, and two others for comparison."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from runtimes.comparison import compare
from runtimes.rooms import PLAIN, UNIFIED_ALONE, WITHOUT_UNIFIED, Room
from tests.cli.oci.conftest import PATIENCE, Runtime
from tests.cli.oci.copies import run_in_copy

OURS = "cloche"
RUNTIMES = (OURS, "crun", "runc")
#: Below which the tests' control groups are.
GROUPS = "cloche-specification"

Change = Callable[[dict[str, Any]], object]


class Subject(Runtime):
    """A runtime's command line, run in a room."""

    def __init__(self, name: str, room: Room, place: Path, busybox: Path) -> None:
        super().__init__(place, busybox)
        own = self.program if name == OURS else [name, "--root", str(self.state)]
        self.name = name
        self.limit = 60 if name == OURS else 10
        self.room = room
        self.program = [*room.way_in, *own]

    def bundle(self, *args: str, change: Change | None = None) -> str:
        """Make a bundle whose control group is known and has this test's name."""

        number = len(list(self.place.glob("bundle-*")))

        def placed(config: dict[str, Any]) -> None:
            config["linux"]["cgroupsPath"] = self.group(number)
            if change is not None:
                change(config)

        return super().bundle(*(args or ("true",)), change=placed)

    def group(self, bundle: int | str = 0) -> str:
        """The control group of a bundle."""
        return f"/{GROUPS}/{os.getpid()}-{self.place.name}-{bundle}"

    def groups(self) -> list[Path]:
        """Where the control groups of its bundles are, in all hierarchies."""
        return sorted(Path("/sys/fs/cgroup").glob(f"*{self.group('*')}"))

    def inside(self, script: str, change: Change | None = None) -> str:
        """What a script says that a container runs to its end without a fault."""
        said = self.run("sh", "-ec", script, change=change)
        assert said.code == 0, said.err + said.out
        return said.out

    def refuses(self, change: Change, *args: str) -> str:
        """What it says of a configuration that is an error, of which nothing is made."""
        said = self("create", "--bundle", self.bundle(*args, change=change), "box")
        assert said.code != 0, "a container was made"
        assert said.err.strip(), "there is no word about it"
        assert self("state", "box").code != 0, "a container was left"
        return said.err

    def pid(self) -> int:
        """The process of the container as its state tells it."""
        return json.loads(self("state", "box").out)["pid"]

    def accepts(self, change: Change) -> bool:
        """Whether it makes a container of a configuration, which is taken away again."""
        bundle = self.bundle("true", change=change)
        made = self.quickly("create", "--bundle", bundle, "tried")
        if made:
            assert self.quickly("delete", "--force", "tried")
        return made

    def quickly(self, *words: str) -> bool:
        """Whether a command succeeds; ours in a copy of this process: imports take longest."""
        if self.name != OURS:
            return self(*words).code == 0
        return run_in_copy(["--root", str(self.state), *words])[0] == 0

    def aside(self, *words: str) -> str:
        """What a program says that runs in the same room."""
        done = subprocess.run(
            [*self.room.way_in, *words], capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def wait_for(self, what: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < deadline, "it did not come to pass"
            time.sleep(0.02)

    def mounts(self) -> list[str]:
        """What is mounted in its room of this test's, or on the root that all tests share."""
        lines = self.aside("cat", "/proc/mounts").splitlines()
        return [line for line in lines if str(self.place) in line or str(self.busybox) in line]

    def clear(self) -> None:
        """Take everything away that the test has left."""
        for directory in self.state.glob("*"):
            self("delete", "--force", directory.name)
        for group in (*self.groups(), *Path("/sys/fs/cgroup").glob(self.group("*")[1:])):
            _remove(group)


def _remove(group: Path) -> None:
    """Remove a control group as soon as its last process is gone."""
    deadline = time.monotonic() + 2
    for below in (*sorted(group.rglob("*/"), reverse=True), group):
        while below.is_dir() and time.monotonic() < deadline:
            with suppress(OSError):
                below.rmdir()
                break
            time.sleep(0.02)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    call = getattr(item, "callspec", None)
    name = call.params.get("runtime") if call else None
    if name is not None and not report.skipped:
        test = item.nodeid.partition("specification/")[2]
        label = test.replace(f"[{name}]", "").replace(f"-{name}]", "]").replace(f"[{name}-", "[")
        compare(report, name, label, ours=name == OURS)
    return report


class _Rooms(dict[tuple[str, str], Room]):
    """Rooms by runtime and by what its control groups are to look like."""

    def __missing__(self, key: tuple[str, str]) -> Room:
        name, script = key
        hidden = name == "crun" and script == PLAIN
        self[key] = room = Room(WITHOUT_UNIFIED if hidden else script)
        return room


@pytest.fixture(scope="session")
def rooms() -> Iterator[_Rooms]:
    made = _Rooms()
    yield made
    for room in made.values():
        room.close()
    for directory in Path("/sys/fs/cgroup").glob(f"*/{GROUPS}"):
        with suppress(OSError):  # another worker's are still in it
            directory.rmdir()


@pytest.fixture(params=RUNTIMES)
def runtime(request, rooms, tmp_path: Path, busybox: Path) -> Iterator[Subject]:
    """A runtime on a machine as this one is."""
    yield from _subject(request.param, rooms[request.param, PLAIN], tmp_path, busybox)


def _subject(name: str, room: Room, place: Path, busybox: Path) -> Iterator[Subject]:
    if os.geteuid() != 0:
        pytest.skip("bundles with ids of this machine need root")
    assert name == OURS or shutil.which(name), f"{name} is not installed"
    subject = Subject(name, room, place, busybox)
    yield subject
    subject.clear()
    left = [each.name for each in subject.state.glob("*")]
    assert left == [] or name != OURS, left


@pytest.fixture
def unified(runtime: Subject, rooms) -> Iterator[Subject]:
    """The same where there are control groups of version 2 alone, and it is ended there, too."""
    room = rooms[runtime.name, UNIFIED_ALONE]
    subject = Subject(runtime.name, room, runtime.place, runtime.busybox)
    yield subject
    subject.clear()
