"""What there is of a container called `box`, and taking that away whatever became of its record."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PATIENCE = 20


class Traces(NamedTuple):
    """Where a container may leave something: its first process and its control groups."""

    pid: int
    groups: tuple[Path, ...]

    @classmethod
    def of(cls, oci) -> Traces:
        """By what its bundle says and its pid file: records may be damaged."""
        bundles = sorted(oci.place.glob("bundle-*"), key=lambda path: int(path.name[7:]))
        if not bundles:
            return cls(0, ())
        config = json.loads((bundles[-1] / "config.json").read_text())
        name = config["linux"]["cgroupsPath"]
        own = Path("/proc/self/cgroup").read_text().splitlines()
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
        roots = [Path(fields[1]) for fields in mounts if fields[2] in ("cgroup", "cgroup2")]
        inner = {line.split(":", 2)[2].lstrip("/") for line in own}
        places = {root / each / name for root in roots for each in {"", *inner}}
        pid = int((oci.place / "pid").read_text())
        return cls(pid, tuple(sorted(place for place in places if place.is_dir())))

    def alive(self) -> bool:
        """Whether the process runs: what nobody has reaped does not."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:
            return False
        return stat.rpartition(")")[2].split()[0] not in "ZX"

    def settle(self) -> None:
        """Wait for the end of a process that was killed."""
        deadline = time.monotonic() + PATIENCE
        while self.alive():
            assert time.monotonic() < deadline, "it does not end"
            time.sleep(0.01)


def remains(oci, traces: Traces) -> object:
    """What is left, so that it may be compared."""
    place = oci.state / "box"
    files = sorted(str(path.relative_to(place)) for path in place.rglob("*"))
    groups = [path.name for path in traces.groups if path.is_dir()]
    return files, place.is_dir(), len(groups), traces.alive()


def tidy(oci, traces: Traces) -> None:
    """Take everything away."""
    for group in traces.groups:
        for name, word in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
            with suppress(OSError):
                (group / name).write_text(word)
        with suppress(OSError):
            for pid in (group / "cgroup.procs").read_text().split():
                os.kill(int(pid), signal.SIGKILL)
    if traces.alive():
        os.kill(traces.pid, signal.SIGKILL)
    traces.settle()
    for group in traces.groups:
        _remove_group(group)
    if (oci.state / "box").is_symlink():
        shutil.rmtree((oci.state / "box").readlink())
        (oci.state / "box").unlink()
    shutil.rmtree(oci.state, ignore_errors=True)


def _remove_group(group: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while group.is_dir():
        for path in sorted((p for p in group.rglob("*") if p.is_dir()), reverse=True):
            with suppress(OSError):
                path.rmdir()
        with suppress(OSError):
            group.rmdir()
        assert time.monotonic() < deadline, f"{group} is busy"
