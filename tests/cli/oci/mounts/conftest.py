"""A mount namespace that is the host's for these tests, and what mountinfo says."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from spaces import unshared
from tests.cli.oci.conftest import Runtime


class Shown(NamedTuple):
    """A mount as /proc/self/mountinfo shows it."""

    point: str
    options: frozenset[str]
    #: ``shared:N``, ``master:N``, ``unbindable``: the kinds.
    propagation: frozenset[str]
    type: str
    superblock: frozenset[str]


def shown(mountinfo: str) -> list[Shown]:
    """Read mountinfo, in its order (proc_pid_mountinfo(5))."""
    return [_shown(line.split()) for line in mountinfo.splitlines()]


def _shown(words: list[str]) -> Shown:
    dash = words.index("-")
    marks = frozenset(word.partition(":")[0] for word in words[6:dash])
    kind, _, superblock = words[dash + 1 :]
    options = frozenset(words[5].split(","))
    return Shown(words[4], options, marks, kind, frozenset(superblock.split(",")))


class Place(NamedTuple):
    """A process in a mount namespace of its own."""

    pid: int

    @property
    def way_in(self) -> list[str]:
        return ["nsenter", f"--mount=/proc/{self.pid}/ns/mnt"]

    def do(self, *argv: str | Path) -> None:
        subprocess.run([*self.way_in, *argv], check=True)

    def mounts(self, beneath: Path | str = "") -> list[Shown]:
        """What is mounted at a path and beneath it, points without the path."""
        found = shown(Path(f"/proc/{self.pid}/mountinfo").read_text())
        return [
            each._replace(point=each.point.removeprefix(str(beneath)))
            for each in found
            if each.point.startswith(str(beneath))
        ]


@pytest.fixture
def place(oci: Runtime) -> Iterator[Place]:
    """Where the runtime runs: other tests look at this machine's own mounts."""
    with unshared("--mount") as pid:
        place = Place(pid)
        oci.program = [*place.way_in, *oci.program]
        yield place
        for directory in oci.state.glob("*"):
            assert oci("delete", "--force", directory.name).code == 0
