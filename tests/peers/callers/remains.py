"""What containers leave behind: processes, mounts and control groups."""

from __future__ import annotations

import os
from pathlib import Path

GROUPS = "/sys/fs/cgroup"


def remains(word: str) -> list[str]:
    """List control groups, mounts, and processes by their words and mounts, that have ``word``."""
    groups = [place for place, _, _ in os.walk(GROUPS) if word in os.path.basename(place)]
    mounts = [line for line in _text(Path("/proc/self/mountinfo")).splitlines() if word in line]
    return [*groups, *mounts, *_processes(word)]


def _processes(word: str) -> list[str]:
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        words = _text(each / "cmdline").replace("\0", " ")
        if word in words or word in _text(each / "mountinfo"):
            found.append(f"{each.name}: {words}")
    return found


def _text(path: Path) -> str:
    """Nothing, if the process has ended meanwhile."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
