"""What a run has left, as a trace."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from replaying.trace import Trace, read_call, read_notifications, read_result

__all__ = ["Unfinished", "read_recording"]


@dataclass(frozen=True)
class Unfinished:
    """A scenario that was not played to its end."""

    reason: str

    def __str__(self) -> str:
        return f"the scenario was not played to its end: {self.reason}"


def read_recording(scenario: dict[str, Any], folder: Path) -> Trace | Unfinished:
    """Read the results of the driver, and the calls and notifications of the service."""
    results = folder / "results.json"
    if not results.exists():
        failure = folder / "scenario.json.failure"
        told = failure.read_text("utf-8").splitlines() if failure.exists() else ["it hung"]
        return Unfinished([line for line in told if line.strip()][-1])
    lines = [json.loads(line) for line in lines_of(folder / "trace")]
    calls = [read_call(each) for each in lines if each["kind"] == "call"]
    notes = [each for each in lines if each["kind"] == "notify"]
    return Trace(
        scenario=scenario,
        calls=calls,
        notifications=read_notifications(notes, calls, scenario),
        results=[read_result(each) for each in json.loads(results.read_text("utf-8"))],
    )


def lines_of(path: Path) -> list[str]:
    """The lines of a trace; where no library was loaded, there are none."""
    return path.read_text("utf-8").splitlines() if path.exists() else []
