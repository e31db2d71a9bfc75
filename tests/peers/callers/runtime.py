"""Ours, as the one file that others take for a runtime."""

from __future__ import annotations

import sys
from pathlib import Path

from callers.tenant import python_path


def runtime(place: Path, python: str = sys.executable) -> Path:
    """A file below ``place`` that is `cloche oci` of this checkout, run by ``python``."""
    installed = Path(python).with_name("cloche-oci")
    by_module = f'PYTHONPATH="{python_path()}" exec "{python}" -m cloche_cli.oci'
    program = f'exec "{installed}"' if installed.exists() else by_module
    path = place / "cloche-oci"
    path.write_text(f'#!/bin/sh\n{program} "$@"\n')
    path.chmod(0o755)
    return path
