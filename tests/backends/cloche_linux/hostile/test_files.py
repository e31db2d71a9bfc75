"""File methods work with the rights of the embedding process, on paths that are the container's."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import cloche

Box = cloche.Container[Any]


@pytest.fixture
def box(engine: cloche.Engine, busybox: str) -> Iterator[Box]:
    with engine.start(rootfs=busybox, idle=True) as box:
        yield box


def shell(box: Box, script: str) -> None:
    assert box.run(["sh", "-c", script], capture_output=True).returncode == 0


def test_a_link_to_the_kernels_log_does_not_hang_its_reader(box: Box) -> None:
    """A regular file by its type, whose reader waits: a container without CAP_SYSLOG can't read it,
    but can have us do so."""
    shell(box, "ln -s /proc/kmsg /log")
    done = threading.Event()

    def read() -> None:
        for _ in range(3):  # once may find something to read
            box.read_bytes("/log")
        done.set()

    threading.Thread(target=read, daemon=True).start()
    assert done.wait(10)


@pytest.mark.parametrize(
    "target", ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/power/state"]
)
def test_a_link_to_a_switch_of_the_kernels_is_not_written_through(box: Box, target: str) -> None:
    if not os.path.exists(target):
        target = "/proc/sys/kernel/panic"
    before = Path(target).read_bytes() if os.access(target, os.R_OK) else b""
    shell(box, f"ln -s {target} /plain.txt")
    with pytest.raises(cloche.Unavailable, match="read-only file system"):
        box.write_text("/plain.txt", "9")
    assert (Path(target).read_bytes() if os.access(target, os.R_OK) else b"") == before
    box.write_text("/other.txt", "9")  # the control
    assert box.read_text("/other.txt") == "9"


@pytest.mark.parametrize(
    "way", ["/proc/self/root", "/proc/1/root", "/proc/1/cwd", "/../../..", "/proc/self/fd/0"]
)
def test_no_link_leads_out(box: Box, tmp_path: Path, way: str) -> None:
    canary = tmp_path / "canary"
    canary.write_text("canary")
    shell(box, f"ln -s {way}{canary} /way")
    with pytest.raises(cloche.ClocheError):
        box.read_text("/way")
    with suppress(cloche.ClocheError):  # or it is made inside
        box.write_text("/way", "written")
    assert canary.read_text() == "canary"
    assert sorted(os.listdir(tmp_path)) == ["canary", "state"]


SWAP = "while :; do mkdir /d; echo inside > /d/f; rm -r /d; ln -s {0} /d; rm /d; done 2> /dev/null"


def test_directories_that_turn_into_links_meanwhile_lead_nowhere_else(
    engine: cloche.Engine, busybox: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_text("outside")
    (tmp_path / "source").mkdir()
    (tmp_path / "source/f").write_text("written")
    seen = set()
    with engine.start(["sh", "-c", SWAP.format(outside)], rootfs=busybox) as box:
        for attempt in range(150):
            for try_it in (
                lambda: seen.add(box.read_text("/d/f")),
                lambda: box.write_text("/d/f", "written"),
                lambda: box.copy_in(tmp_path / "source/f", "/d/f"),
                lambda n=attempt: box.copy_out("/d", tmp_path / f"out{n}"),
            ):
                try:
                    try_it()
                except cloche.ClocheError:
                    continue
        box.kill()
    assert seen <= {"", "inside\n", "written"}
    assert [path.name for path in outside.iterdir()] == ["f"]
    assert (outside / "f").read_text() == "outside"
    copies = [path for path in tmp_path.glob("out[0-9]*/f") if not path.parent.is_symlink()]
    assert {path.read_text() for path in copies} <= {"", "inside\n", "written"}


def test_a_second_copy_does_not_follow_the_links_of_the_first(box: Box, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    victim = tmp_path / "victim"
    victim.mkdir()
    shell(box, f"mkdir /work; ln -s {victim} /work/link; ln -s {victim}/new /work/file")
    box.copy_out("/work", tmp_path / "here")
    shell(box, "rm /work/link /work/file; mkdir /work/link; echo x | tee /work/link/f > /work/file")
    box.copy_out("/work", tmp_path / "here")
    assert list(victim.iterdir()) == []
    assert (tmp_path / "here/work/link/f").read_text() == "x\n"


def test_rights_over_others_are_not_copied_out(box: Box, tmp_path: Path) -> None:
    shell(box, "cp /bin/busybox /evil; chmod 6755 /evil; mkdir -m 7777 /dir")
    box.copy_out("/evil", tmp_path / "evil")
    box.copy_out("/dir", tmp_path / "dir")
    for name in ("evil", "dir"):
        assert stat.S_IMODE(os.stat(tmp_path / name).st_mode) & 0o7000 == 0


def test_what_a_container_writes_cannot_be_executed_by_others_of_this_machine(
    engine: cloche.Engine, box: Box, tmp_path: Path
) -> None:
    """A set-user-id program in a writable layer is root's on this machine, too."""
    shell(box, "cp /bin/busybox /evil; chmod 4755 /evil")
    (evil,) = (tmp_path / "state").rglob("evil")
    assert stat.S_IMODE(evil.stat().st_mode) == 0o4755  # there it is
    above = [path for path in evil.parents if tmp_path in path.parents]
    assert any(path.stat().st_mode & 0o077 == 0 for path in above)


def test_a_file_that_a_request_brings_goes_through_no_link_into_the_kernels(
    image: Path, engine: cloche.Engine, sh: Callable[..., str]
) -> None:
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    (image / "work").symlink_to("/proc/sys/kernel")
    with pytest.raises(cloche.ClocheError, match="EACCES"):
        engine.run(["true"], rootfs=image, files={"/work/core_pattern": "x"})
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before
    (image / "work").unlink()
    assert sh("cat /work/core_pattern", rootfs=image, files={"/work/core_pattern": "x"}) == "x"
