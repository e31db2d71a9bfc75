"""Ours, as the one file that others take for a runtime."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def runtime(place: Path) -> Path:
    """A file below ``place`` that is `cloche oci` of this checkout."""
    rooms = os.pathsep.join(str(ROOT / room) for room in ("core", "backends", "cli"))
    words = f'exec "{sys.executable}" -m cloche_cli.oci "$@"'
    path = place / "cloche-oci"
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{rooms}"; export PYTHONPATH\n{words}\n')
    path.chmod(0o755)
    return path
