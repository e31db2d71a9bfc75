"""The libraries that stand in for the service, built once for each state of their sources."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from service.building import binding_for_windows, service_for_windows

__all__ = ["default_service", "prepare", "recording_service"]

RECORDER = Path(__file__).parents[1] / "recorder" / "vmcompute.c"
CACHE = Path(__file__).parents[3] / "build" / "windows-service"
COMPILER = ("x86_64-w64-mingw32-gcc", "-shared", "-O1", "-w")


def default_service() -> Path:
    """The project's own."""
    return service_for_windows()


def recording_service() -> Path:
    """The instrument with which the golden traces were recorded."""
    digest = hashlib.sha256(RECORDER.read_bytes()).hexdigest()[:16]
    target = CACHE / f"recorder-{digest}" / "vmcompute.dll"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=target.parent) as scratch:
            made = Path(scratch) / target.name
            libraries = ("-lole32", "-lshlwapi")
            subprocess.run([*COMPILER, RECORDER, "-o", made, *libraries], check=True)
            made.replace(target)
    return target


def prepare() -> None:
    """Have Cloche's binding for Windows in the checkout, as it is now."""
    binding_for_windows()
