"""A disk that is too small for an image: told as that, and nothing of the image stays."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from registries import images as made

from cloche import Engine, Unavailable
from cloche.images import Platform

HERE = {"os": "linux", "architecture": Platform.here().architecture}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB, that can be made larger."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8M", "tmpfs", place], check=True)
    yield place
    # This process holds its mark of ownership open there as long as it lives.
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.parametrize(
    ("noise", "zeros"), [(12_000_000, 0), (0, 60_000_000)], ids=["compressed", "unpacked"]
)
def test_too_small_a_disk_is_told_and_the_next_pull_succeeds(disk, registry, upload, noise, zeros):
    files = {"srv/noise": random.Random(1).randbytes(noise), "srv/zeros": bytes(zeros) + b"end"}
    busy = made.archive({"bin/busybox": Path("/bin/busybox").read_bytes()})
    config = {"Cmd": ["/bin/busybox", "tail", "-c", "3", "/srv/zeros"]}
    upload(made.image(busy, made.archive(files), config=config, platform=HERE), "big:1")
    name = f"{registry}/big:1"
    with Engine(root=disk / "state", runtime="linux") as engine:
        with pytest.raises(Unavailable, match="no space left on device"):
            engine.images.pull(name)
        assert engine.images.list() == []
        assert engine.images.verify() == []
    subprocess.run(["mount", "-o", "remount,size=200M", disk], check=True)
    with Engine(root=disk / "state", runtime="linux") as engine:
        assert engine.run([], image=name, capture_output=True).stdout == b"end"
