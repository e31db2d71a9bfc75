"""What is shown of this machine stays as it was asked for, whoever shares directories with it."""

from __future__ import annotations

import os
from pathlib import Path

import cloche

from .exchanging import exchanging

RUNS = 60


def test_what_is_shown_read_only_is_so_from_its_first_moment_on(
    engine: cloche.Engine, busybox: str, tmp_path: Path
) -> None:
    """The place is in a directory that is shared with somebody hostile, who moves the mount away
    before it is made read-only, and has something else made so."""
    shared, secret = tmp_path / "shared", tmp_path / "secret"
    (shared / "place").mkdir(parents=True)
    secret.mkdir()
    mounts = [
        cloche.Mount.bind(shared, "/shared"),
        cloche.Mount.bind(secret, "/shared/place", read_only=True),
    ]
    script = "for place in /shared/*; do : > $place/written; done"
    (shared / "link").symlink_to("/dev/shm")
    ran = 0
    with exchanging(shared / "place", shared / "link"):
        for _ in range(RUNS):
            try:
                engine.run(["sh", "-c", script], rootfs=busybox, mounts=mounts, capture_output=True)
            except cloche.BackendError:
                continue  # what was made read-only was no mount just then
            ran += 1
    assert ran, "it was never shown at all"
    assert os.listdir(secret) == []
