"""Which process of the scenario a call of a golden trace is about."""

from __future__ import annotations

from typing import Any

from replaying.golden import Golden
from replaying.trace import Call

__all__ = ["document_of", "has_terminal", "io_of", "process_of", "properties"]


def document_of(call: Call) -> dict[str, Any]:
    """The parameters with which a process is created."""
    document = call.args["processParameters"]
    assert isinstance(document, dict)
    return document


def process_of(golden: Golden, call: Call) -> dict[str, Any]:
    """The specification of the process that a call creates; empty for one nobody specified."""
    step = golden.steps[call.step]
    if step["op"] == "exec":
        process: dict[str, Any] = step["process"]
        return process
    new = golden.new_of(golden.container_of(call.step))
    return {} if new is None else new["spec"].get("process") or {}


def io_of(golden: Golden, call: Call) -> dict[str, Any]:
    """The streams of the process that a call creates."""
    step: dict[str, Any] | None = golden.steps[call.step]
    if step is not None and step["op"] != "exec":
        step = golden.new_of(golden.container_of(call.step))
    return (step or {}).get("io") or {}


def has_terminal(golden: Golden, call: Call) -> bool:
    """Whether it runs at a terminal."""
    asked = io_of(golden, call).get("Terminal") or process_of(golden, call).get("terminal")
    return bool(asked)


def properties(golden: Golden, number: int) -> dict[str, object]:
    """What the stand-in tells of the container that a step is about, as long as it is there."""
    name = golden.container_of(number)
    systems = (golden.scenario.get("hcs") or {}).get("systems", [])
    system = next((each for each in systems if each["id"] == name), {})
    pending = (golden.scenario.get("hcs") or {}).get("pendingUpdates", {})
    return {
        "Id": name,
        "Name": name,
        "SystemType": system.get("type", "Container"),
        "Owner": system.get("owner", "containerd"),
        "AreUpdatesPending": bool(pending.get(name)),
    }
