"""Containers with limits, which cost a cgroup each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import oci
from contenders import race
from figures import Table, row, verdict
from running import embedded

if TYPE_CHECKING:
    from setting import Setting

__all__ = ["limits"]

_LIMITS = {"memory": "64M", "pids_limit": 64, "cpus": 1}
_FILES = {
    "memory": ("memory.limit_in_bytes",),
    "pids": ("pids.max",),
    "cpu": ("cpu.cfs_quota_us", "cpu.cfs_period_us"),
    "": ("memory.max", "pids.max", "cpu.max"),
}


def limits(setting: Setting) -> Table:
    """``true`` with limits of memory, processes and processors."""
    spec = setting.spec_of(**_LIMITS)
    with setting.idling(**_LIMITS) as container:
        expected = _limits_of(container.pid)
    assert len(expected) >= 3, expected
    for name in oci.installed():
        with oci.idling(name, setting, spec) as pid:
            assert _limits_of(pid) == expected, (name, _limits_of(pid), expected)
    ours = embedded(setting, options=setting.options | _LIMITS)
    peers = [oci.running(name, setting, spec) for name in oci.installed()]
    times = race([ours, *peers], setting)
    return Table(
        title="limits: `true` with 64 MiB of memory, 64 processes and one processor at most",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=[
            *verdict(times, ours.name, "runc run", 0.6),
            *verdict(times, ours.name, "crun run"),
        ],
    )


def _limits_of(pid: int | None) -> dict[str, str]:
    """The limits that hold for a process, by the names of version 2 or 1 of cgroups."""
    found: dict[str, str] = {}
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controller, group = line.split(":", 2)
        place = Path("/sys/fs/cgroup") / controller / group.lstrip("/")
        for file in _FILES.get(controller, ()):
            if (place / file).exists():
                found[file] = (place / file).read_text().strip()
    return found
