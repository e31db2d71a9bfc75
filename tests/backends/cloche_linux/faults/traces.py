"""What this process holds and has made, so that a failed attempt can be seen to leave nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Traces:
    """Children, descriptors, and what is in a state directory and mounted or grouped for it."""

    children: frozenset[str]
    descriptors: frozenset[str]
    files: frozenset[str]
    mounts: frozenset[str]
    groups: frozenset[str]

    def more_than(self, before: Traces) -> dict[str, object]:
        """What there is now and was not before."""
        grown: dict[str, object] = {}
        for kind in ("children", "files", "mounts", "groups"):
            if more := getattr(self, kind) - getattr(before, kind):
                grown[kind] = sorted(more)
        if len(self.descriptors) > len(before.descriptors):
            grown["descriptors"] = sorted(self.descriptors - before.descriptors)
        return grown


def take(state: Path, ids: frozenset[str] = frozenset()) -> Traces:
    """Look; of control groups, at those that are called as one of ``ids``."""
    return Traces(
        children=frozenset(_children()),
        descriptors=frozenset(map(_named, os.listdir("/proc/self/fd"))),
        files=frozenset(_files(state)),
        mounts=frozenset(_mounts(state)),
        groups=frozenset(_groups(ids)),
    )


def settled(state: Path, before: Traces, ids: frozenset[str] = frozenset()) -> dict[str, object]:
    """What is left; what is just going away gets some seconds for it."""
    deadline = time.monotonic() + 5
    while (left := take(state, ids).more_than(before)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


def _children() -> Iterator[str]:
    for thread in os.listdir("/proc/self/task"):
        try:
            yield from Path(f"/proc/self/task/{thread}/children").read_text().split()
        except FileNotFoundError:
            continue


def _named(descriptor: str) -> str:
    try:
        return f"{descriptor} -> {os.readlink(f'/proc/self/fd/{descriptor}')}"
    except FileNotFoundError:
        return descriptor


def _files(state: Path) -> Iterator[str]:
    """All but the copies of this machine's /etc, which follow its changes."""
    for top, directories, files in os.walk(state):
        for name in (*directories, *files):
            if "/overlay/host/" not in (path := os.path.join(top, name)):
                yield os.path.relpath(path, state)


def _mounts(state: Path) -> list[str]:
    return [
        line
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if f"{state}/" in line
    ]


def _groups(ids: frozenset[str]) -> Iterator[str]:
    if ids:
        for top, directories, _ in os.walk("/sys/fs/cgroup"):
            yield from (os.path.join(top, name) for name in ids.intersection(directories))
