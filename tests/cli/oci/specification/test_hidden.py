"""Paths that are masked, paths that are read-only, and where the root's mounts are seen."""

from __future__ import annotations

import pytest

from .changes import linux

MARKS = {"private": "", "slave": "", "shared": "shared:", "unbindable": "unbindable"}


def test_masked_paths_cannot_be_read(runtime) -> None:
    change = linux(maskedPaths=["/proc/keys", "/proc/sys/net", "/no/such"])
    assert runtime.inside("wc -c < /proc/keys; ls /proc/sys/net", change=change) == "0\n"


def test_read_only_paths_cannot_be_written(runtime) -> None:
    said = runtime.run(
        *("sh", "-c", "echo x > /proc/sys/kernel/domainname"),
        change=linux(readonlyPaths=["/proc/sys", "/no/such"]),
    )
    assert "Read-only file system" in said.err


@pytest.mark.parametrize("wanted", MARKS)
def test_the_root_propagates_as_it_is_to(runtime, wanted: str) -> None:
    said = runtime.inside("cat /proc/self/mountinfo", change=linux(rootfsPropagation=wanted))
    root = next(line for line in said.splitlines() if line.split()[4] == "/")
    mark = " ".join(root.split(" - ")[0].split()[6:])
    assert mark.startswith(MARKS[wanted]) if MARKS[wanted] else "shared" not in mark
