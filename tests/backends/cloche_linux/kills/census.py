"""Counts what a container may leave behind on a machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: Of cgroup v1; those that a process may enter without further preparation.
CONTROLLERS = frozenset({"memory", "pids", "cpu", "cpuacct", "freezer", "devices", "blkio"})


@dataclass(frozen=True)
class Census:
    """Names of things that exist now; those of one state directory's containers only."""

    processes: frozenset[str]
    mounts: frozenset[str]
    cgroups: frozenset[str]
    namespaces: frozenset[str]
    files: frozenset[str]

    def more_than(self, before: Census) -> dict[str, list[str]]:
        """What is there now and was not, by kind."""
        kinds = ("processes", "mounts", "cgroups", "namespaces", "files")
        grown = {kind: sorted(getattr(self, kind) - getattr(before, kind)) for kind in kinds}
        return {kind: names for kind, names in grown.items() if names}


def take(state: Path, mark: str) -> Census:
    """Count everything that is ours.

    ``mark`` is in the environment of every process of ours, and the name of the control groups that
    the embedding processes live in, so that containers' groups are made beneath them.
    """
    return Census(
        processes=frozenset(_processes(mark)),
        mounts=frozenset(_mounts(state)),
        cgroups=frozenset(_cgroups(mark)),
        namespaces=frozenset(_namespaces(mark)),
        files=frozenset(_files(state)),
    )


def _processes(mark: str) -> list[str]:
    """Processes that carry the mark, and every init of ours whose maker is gone."""
    pids = (name for name in os.listdir("/proc") if name.isdecimal())
    return [pid for pid in pids if _is_ours(pid, mark)]


def _is_ours(pid: str, mark: str) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    orphan = "Name:\tcloche-init\n" in status and "\nPPid:\t1\n" in status
    return (mark.encode() in environment or orphan) and "\nState:\tZ" not in status


def _mounts(state: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if str(state) in line]


def _files(state: Path) -> list[str]:
    """Everything below ``state``, where something may just be going away."""
    return [
        os.path.relpath(os.path.join(top, name), state)
        for top, directories, files in os.walk(state)
        for name in (*directories, *files)
    ]


def places(name: str) -> list[Path]:
    """Where a control group of that name is in each hierarchy, beneath where this process is."""
    found = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in CONTROLLERS:
            found.append(Path("/sys/fs/cgroup", controllers, path.lstrip("/"), name))
    return found


def _cgroups(mark: str) -> list[str]:
    """Groups beneath those of this test's embedding processes, but for the parent they share."""
    made = [Path(top) for place in places(mark) for top, _, _ in os.walk(place)]
    return [str(path) for path in made if path.name not in {mark, "cloche"}]


def _namespaces(mark: str) -> list[str]:
    """Network namespaces that are held by processes of ours."""
    found = set()
    for pid in _processes(mark):
        try:
            found.add(os.readlink(f"/proc/{pid}/ns/net"))
        except OSError:
            continue
    return sorted(found - {os.readlink("/proc/self/ns/net")})


def settled(
    check: Callable[[], dict[str, list[str]]], seconds: float = 5.0
) -> dict[str, list[str]]:
    """Look again until nothing is left or the time is up: namespaces die late."""
    deadline = time.monotonic() + seconds
    while (left := check()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left
