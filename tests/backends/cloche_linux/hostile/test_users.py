"""Who a process runs as is not for the image's files to decide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import cloche

IDS = "grep -E '^(Uid|Gid)' /proc/self/status | cut -f2"


def test_an_image_cannot_call_root_by_a_number(image: Path, sh: Callable[..., str]) -> None:
    (image / "etc/passwd").write_text("1000:x:0:0::/:\n4294967295:x:0:0::/:\nann:x:0:0::/:\n")
    (image / "etc/group").write_text("1000:x:0:\n")
    assert sh(IDS, rootfs=image, user="1000:1000") == "1000\n1000\n"
    assert sh(IDS, rootfs=image, user="ann") == "0\n0\n"  # the control: a name is the image's


@pytest.mark.parametrize("id", ["4294967295", "4294967296", "99999999999999999999"])
def test_a_number_that_would_leave_a_process_root_is_refused(
    engine: cloche.Engine, busybox: str, id: str
) -> None:
    with pytest.raises(cloche.InvalidSpec, match="is no id"):
        engine.run(["true"], rootfs=busybox, user=id)
    with (
        engine.start(rootfs=busybox, idle=True) as box,
        pytest.raises(cloche.InvalidSpec, match="is no id"),
    ):
        box.run(["true"], user=f"1:{id}")


def test_a_name_with_such_a_number_is_not_known(image: Path, engine: cloche.Engine) -> None:
    (image / "etc/passwd").write_text("ann:x:4294967295:4294967295::/:\n")
    with pytest.raises(cloche.NotFound, match="no user ann"):
        engine.run(["true"], rootfs=image, user="ann")


@pytest.mark.parametrize("target", ["/proc/kmsg", "/dev/zero", "fifo", "."])
def test_a_file_of_users_that_is_none_is_not_waited_for(
    image: Path, engine: cloche.Engine, target: str
) -> None:
    import os

    os.mkfifo(image / "etc/fifo")
    (image / "etc/passwd").unlink()
    (image / "etc/passwd").symlink_to(target)
    with pytest.raises(cloche.NotFound, match="no user ann"):
        engine.run(["true"], rootfs=image, user="ann")
    with (
        engine.start(rootfs=image, idle=True) as box,
        pytest.raises(cloche.NotFound, match="no user ann"),
    ):
        box.run(["true"], user="ann")
