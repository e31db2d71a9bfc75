"""The launcher beside what it takes for Python."""

from __future__ import annotations

import shutil
from pathlib import Path

#: How the stand-in for an interpreter ends: nothing else ends so.
HANDED_OVER = 99


def beside(place: Path, launcher: Path, script: str) -> Path:
    """A copy of the launcher beside a shell script that it takes for Python."""
    place.mkdir()
    python = place / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return Path(shutil.copy(launcher, place / "cloche-oci"))
