"""A machine without room, files or processes to spare: clear errors, and nothing left."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest

import cloche

from .embedder import tells
from .traces import take

Disk = Callable[[str], AbstractContextManager[Path]]
MAKE_ROOM = "make room there, or name another place by CLOCHE_ROOT"


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """A small disk of its own, mounted with options."""

    @contextmanager
    def mounted(options: str) -> Iterator[Path]:
        place = tmp_path / "disk"
        place.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)
        try:
            yield place
        finally:
            subprocess.run(["umount", str(place)], check=True)

    return mounted


def containers(state: Path) -> list[str]:
    """Files of containers; what was put aside to be removed gets some seconds for it."""
    deadline = time.monotonic() + 5
    while True:
        files = take(state).files
        found = [name for name in files if "containers/" in name or "trash/" in name]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.01)


def until_it_works(disk: Disk, options: str, busybox: str | None) -> list[cloche.ClocheError]:
    """Run on a disk of more and more room; the errors until it works."""
    errors: list[cloche.ClocheError] = []
    for room in range(1, 100):
        with disk(options.format(room)) as place:
            try:
                with cloche.Engine(root=place, runtime="linux") as engine:
                    engine.run(["true"], rootfs=busybox, capture_output=True)
            except cloche.ClocheError as error:
                errors.append(error)
            else:
                assert [note for e in errors for note in getattr(e, "__notes__", [])] == []
                return errors
            finally:
                assert containers(place) == []
    raise AssertionError("it never worked")


def test_a_disk_without_files_to_spare_stops_it_at_every_step(disk: Disk, busybox: str) -> None:
    errors = until_it_works(disk, "size=1M,nr_inodes={}", busybox)
    words = [str(error) for error in errors]
    assert len({word.partition(":")[0] for word in words}) > 10
    own = [error for error in errors if isinstance(error, cloche.Unavailable)]
    assert {(str(e).rpartition(": ")[2], e.hint) for e in own} == {
        ("no space left on device", MAKE_ROOM)
    }
    steps = [error for error in errors if isinstance(error, cloche.BackendError)]
    assert len(own) + len(steps) == len(errors)
    assert {error.step for error in steps} >= {"root_overlay", "mount"}


def test_a_full_disk_stops_it_at_every_step(disk: Disk, busybox: str) -> None:
    errors = until_it_works(disk, "size={}k", busybox)
    assert {type(error) for error in errors} == {cloche.Unavailable}
    assert {error.hint for error in errors} == {MAKE_ROOM}


def fill(file: Path) -> None:
    """Leave no room on a disk."""
    with file.open("ab", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))


def test_a_disk_that_fills_up_does_not_keep_a_container(disk: Disk, busybox: str) -> None:
    with disk("size=1M") as place, cloche.Engine(root=place, runtime="linux") as engine:
        container = engine.start(["sleep", "60"], rootfs=busybox)
        filler = place / "filler"
        fill(filler)
        container.remove(force=True)
        assert containers(place) == []
        fill(filler)
        with pytest.raises(cloche.Unavailable, match="no space left on device"):
            engine.run(["true"], rootfs=busybox)
        filler.unlink()
        assert engine.run(["true"], rootfs=busybox).returncode == 0


def test_a_disk_that_cannot_be_written_is_named(disk: Disk, busybox: str) -> None:
    with disk("size=1M,ro") as place:
        engine = cloche.Engine(root=place, runtime="linux")
        with pytest.raises(cloche.Unavailable) as caught:
            engine.run(["true"], rootfs=busybox)
        assert str(caught.value).startswith(str(place))
        assert str(caught.value).endswith(": read-only file system")
        assert caught.value.hint == "name another place by CLOCHE_ROOT"


def test_too_few_descriptors_are_told_at_every_step(busybox: str, tmp_path: Path) -> None:
    errors, last, left = tells(
        """
        import resource

        engine = cloche.Engine(root=STATE, runtime="linux")
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        attempt(lambda: engine.run(["true"], rootfs=ROOTFS, capture_output=True))
        descriptors, outcomes = len(os.listdir("/proc/self/fd")), []
        for limit in range(5, 100):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            outcomes.append(
                attempt(lambda: engine.run(["true"], rootfs=ROOTFS, capture_output=True))
            )
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            if outcomes[-1] == 0:
                break
        tell([outcomes[:-1], outcomes[-1], left(descriptors)])
        """,
        busybox,
        tmp_path / "state",
    )
    assert (last, left) == (0, [[], 0, []])
    assert len(errors) > 10
    assert {(kind, hint) for kind, _, hint in errors} == {
        ("Unavailable", "let this process have more open files: ulimit -n")
    }
    assert {line.rpartition(": ")[2] for _, line, _ in errors} == {"too many open files"}


def test_a_directory_that_vanished_takes_no_container_with_it(busybox: str, tmp_path: Path) -> None:
    """What was made can still be used, ended and made again."""
    told = tells(
        """
        import shutil

        engine = cloche.Engine(root=STATE, runtime="linux")
        with engine.start(["sleep", "60"], rootfs=ROOTFS) as first:
            first.run(["true"])  # what is opened on first use stays
        descriptors = len(os.listdir("/proc/self/fd"))
        with engine.start(["sleep", "60"], rootfs=ROOTFS) as container:
            shutil.rmtree(STATE, ignore_errors=True)
            while os.path.exists(STATE):
                shutil.rmtree(STATE, ignore_errors=True)
            told = [attempt(lambda: container.run(["true"])), container.state.value]
        again = attempt(lambda: engine.run(["true"], rootfs=ROOTFS))
        tell([told, again, left(descriptors)])
        """,
        busybox,
        tmp_path / "state",
    )
    assert told == [[0, "running"], 0, [[], 0, []]]


def test_nobody_else_is_harmed_by_a_lack_of_processes(busybox: str, tmp_path: Path) -> None:
    """The limit of the control group that the embedding process lives in."""
    pids = Path("/sys/fs/cgroup/pids")
    if not pids.is_dir():
        pids = Path("/sys/fs/cgroup")
    group = pids / f"cloche-test-{os.getpid()}-{tmp_path.name}"
    group.mkdir()
    try:
        errors, last, left = tells(
            f"""
            engine = cloche.Engine(root=STATE, runtime="linux")
            engine.run(["true"], rootfs=ROOTFS)
            open("{group}/cgroup.procs", "w").write("0")
            descriptors, outcomes = len(os.listdir("/proc/self/fd")), []
            now = int(open("{group}/pids.current").read())
            for limit in range(now, now + 10):
                open("{group}/pids.max", "w").write(str(limit))
                outcomes.append(attempt(lambda: engine.run(["true"], rootfs=ROOTFS)))
                if outcomes[-1] == 0:
                    break
            tell([outcomes[:-1], outcomes[-1], left(descriptors)])
            """,
            busybox,
            tmp_path / "state",
        )
    finally:
        group.rmdir()
    assert (last, left) == (0, [[], 0, []])
    assert errors[0] == [
        "Unavailable",
        "spawn: resource temporarily unavailable",
        "let this user have more processes: ulimit -u",
    ]
    assert [line for kind, line, _ in errors if "(EAGAIN)" not in line][1:] == []
