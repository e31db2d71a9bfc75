"""What a cold start costs: importing the library, and the command line from nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import oci
import podman
from contenders import Contender, race
from figures import Table, row, verdict
from programs import PROBE, TRUE

if TYPE_CHECKING:
    from setting import Setting

__all__ = ["cold", "import_"]

#: Compiled once, in the rounds before those that count, as an installation is.
_ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": ""}


def import_(setting: Setting) -> Table:
    """``import cloche``, and what the interpreter takes by itself."""
    times = race([_python("python -c pass", "pass"), _python("import cloche")], setting)
    return Table(
        title="import: a Python that imports cloche and ends",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=verdict(times, "import cloche", "python -c pass", 3),
    )


def _python(name: str, code: str | None = None) -> Contender:
    command = [sys.executable, "-c", code or name]
    params = {"commands": {TRUE: command}, "environment": _ENVIRONMENT}
    return Contender(name=name, setup="spawned:spawned", params=params, confined=False)


def cold(setting: Setting) -> Table:
    """``cloche run`` in a process of its own, over the busybox directory and over the host."""
    rootfs = _cloche(setting, "--rootfs", str(setting.place.rootfs))
    host = _cloche(setting)
    peers = [oci.running(name, setting) for name in oci.installed()]
    peers += [podman.running(setting)] if podman.installed() else []
    times = race([rootfs, host, *peers, _python("python -c pass", "pass")], setting)
    return Table(
        title="cold: `true` in a container, from the command line",
        unit="ms",
        rows=[row(name, kinds["total"]) for name, kinds in times.items()],
        verdicts=[
            *verdict(times, rootfs.name, "podman run", 0.6),
            *verdict(times, host.name, "podman run", 0.6),
            *verdict(times, rootfs.name, "runc run"),
            *verdict(times, host.name, "runc run"),
        ],
        notes=["podman writes no log and keeps its locks in a file: both favour it"],
    )


def _cloche(setting: Setting, *options: str) -> Contender:
    command = [*_executable(), "run", *options, "--"]
    programs = {p: [*command, *setting.programs[p]] for p in (TRUE, PROBE)}
    return Contender(
        name=" ".join(["cloche run", *options[:1], "--"]),
        setup="spawned:spawned",
        params={"commands": programs, "environment": _ENVIRONMENT},
    )


def _executable() -> Sequence[str]:
    """The command of this very installation."""
    beside = Path(sys.executable).with_name("cloche")
    found = str(beside) if beside.exists() else shutil.which("cloche")
    return [found] if found else [sys.executable, "-m", "cloche_cli"]
