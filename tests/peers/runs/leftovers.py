"""What a run of the tests leaves on the machine, named at its end.

What is there afterwards and was not before: files in the directory for temporary ones, mounts,
control groups, devices and namespaces of the network, and processes that nobody waits for. Others
who work on the same machine leave things, too, so this tells and does not judge.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

__all__ = ["Leftovers", "Place"]

#: Seconds that what is ending gets to end.
PATIENCE = 5.0
#: What pytest and pip keep or take away themselves.
OTHERS = re.compile(r"pytest-of-|pip-|pyright-|bash_|node-compile-cache|\.wine-|hsperfdata")


class Place:
    """Where things can be left, relative to a root of the machine's or a test's own."""

    def __init__(self, root: Path = Path("/"), temporary: Path | None = None) -> None:
        self.root = root
        self.temporary = temporary or Path(tempfile.gettempdir())

    def files(self) -> set[str]:
        """Entries of the directory for temporary files."""
        return {str(each) for each in self.temporary.iterdir() if not OTHERS.match(each.name)}

    def mounts(self) -> set[str]:
        """Where something is mounted, as this process sees it."""
        lines = (self.root / "proc/self/mountinfo").read_text().splitlines()
        return {line.split()[4] for line in lines}

    def groups(self) -> set[str]:
        """Control groups of ours, in whatever hierarchy."""
        top = self.root / "sys/fs/cgroup"
        return {each.name for level in ("", "*/") for each in top.glob(f"{level}cloche*")}

    def devices(self) -> set[str]:
        """Devices of the network, bridges among them."""
        return set(_names(self.root / "sys/class/net"))

    def namespaces(self) -> set[str]:
        """Namespaces of the network that have a name."""
        return set(_names(self.root / "run/netns"))

    def processes(self) -> set[str]:
        """Programs of this checkout's Python, and containers' keepers, whose parent is gone."""
        found = set()
        for each in (self.root / "proc").glob("[0-9]*"):
            try:
                parent = (each / "stat").read_text().rpartition(")")[2].split()[1]
                command = (
                    (each / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
            except OSError:
                continue  # it has ended meanwhile
            if parent == "1" and "cloche" in command:
                found.add(f"{each.name}: {command.strip()[:100]}")
        return found


class Leftovers:
    """Looks before a run and after it, in the one process that has all workers."""

    def __init__(self, place: Place | None = None) -> None:
        place = place or Place()
        self.kinds: dict[str, Callable[[], Iterable[str]]] = {
            "files": place.files,
            "mounts": place.mounts,
            "control groups": place.groups,
            "devices of the network": place.devices,
            "namespaces of the network": place.namespaces,
            "processes": place.processes,
        }
        self.before = self.look()

    def look(self) -> dict[str, set[str]]:
        """What is there of each kind."""
        return {kind: set(names()) for kind, names in self.kinds.items()}

    def left(self) -> list[str]:
        """What was not there before, a line each; what is ending is given time to end."""
        deadline = time.monotonic() + PATIENCE
        while (lines := self._more()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return lines

    def _more(self) -> list[str]:
        now = self.look()
        return [f"{kind}: {name}" for kind in now for name in sorted(now[kind] - self.before[kind])]

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for index, line in enumerate(self.left()):
            if index == 0:
                terminalreporter.section("on this machine since the tests began", yellow=True)
            terminalreporter.line(line, yellow=True)


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []
