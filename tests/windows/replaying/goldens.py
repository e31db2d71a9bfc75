"""Where golden traces are."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["golden_traces"]

OWN = Path(__file__).parents[1] / "traces"


def golden_traces() -> list[Path]:
    """The project's own by name, or those of the folder that CLOCHE_GOLDEN_TRACES names."""
    folder = Path(os.environ.get("CLOCHE_GOLDEN_TRACES") or OWN)
    return sorted(folder.glob("*.json"))
