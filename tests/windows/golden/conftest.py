"""Tests that are asked of each golden trace have a parameter ``golden``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from replaying.goldens import golden_traces


def pytest_generate_tests(metafunc) -> None:
    if "golden" in metafunc.fixturenames:
        paths = golden_traces()
        metafunc.parametrize("golden", paths, ids=[path.stem for path in paths])
