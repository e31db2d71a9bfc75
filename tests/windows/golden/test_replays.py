"""Every golden trace is replayed over both stand-ins: the project's, and the one that recorded."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from replaying.goldens import golden_traces
from replaying.running import run
from replaying.service import default_service, recording_service
from replaying.verdicts import judge

REPLAY = Path(__file__).parents[1] / "replay.py"


@pytest.mark.slow
@pytest.mark.parametrize("service", [default_service, recording_service])
def test_cloche_does_what_the_first_implementation_did(service: Callable[[], Path]) -> None:
    verdicts = judge(golden_traces(), partial(run, service=service()))
    assert len(verdicts) >= 82
    assert [str(each) for each in verdicts if each.difference is not None] == []


@pytest.mark.slow
def test_a_difference_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    """A golden trace with another command line, beside one as it is."""
    good = Path(__file__).parents[1] / "traces" / "01-minimal.json"
    bad = tmp_path / "bad.json"
    bad.write_text(good.read_text("utf-8").replace("echo hi", "echo ho", 1), "utf-8")
    command = [sys.executable, REPLAY, good, bad]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    first, second = done.stdout.splitlines()
    assert first == "01-minimal: same but D1 D3 D8 D15"
    assert second.startswith("bad: differs: ")
    assert done.returncode == 1
