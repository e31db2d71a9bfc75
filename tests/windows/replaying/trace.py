"""A trace: a scenario, the calls that reached the service, what it called back, what came of it.

Golden traces hold what the first implementation did; a run of ours is recorded in the same shape.
Documents inside calls are read, so that they are compared as values; handles go by their names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = [
    "DOCUMENTS",
    "Call",
    "Contradiction",
    "Notification",
    "Result",
    "Trace",
    "read_call",
    "read_document",
    "read_notifications",
    "read_result",
    "read_trace",
    "same",
]

#: Arguments and results that are JSON documents, by their names.
DOCUMENTS = frozenset({
    "configuration",
    "processParameters",
    "settings",
    "propertyQuery",
    "query",
    "properties",
    "processProperties",
    "computeSystems",
    "object",
})  # fmt: skip
#: What a step says about itself, and not about what came of it.
LABELS = frozenset({"step", "op", "fs", "log"})


class Contradiction(ValueError):
    """A trace says two things about one, or what nobody can have done."""


@dataclass(eq=False, kw_only=True)
class Call:
    """One call of a function of the service's library."""

    fn: str
    step: int
    args: dict[str, object]
    out: dict[str, object] = field(default_factory=dict)
    hr: str = "0x00000000"
    #: Its number in the trace as it was recorded; negative for one that a rule put in.
    origin: int = 0

    @property
    def succeeded(self) -> bool:
        """It did what it was asked for, or will."""
        return int(self.hr, 16) < 0x8000_0000 or self.hr == "0xc0370103"


@dataclass(eq=False, kw_only=True)
class Notification:
    """One notification, as it left the service."""

    type: str
    status: str
    target: str
    system: str
    #: How many callbacks heard it.
    callbacks: int
    swallowed: bool = False
    #: The call that led to it; the number of a process that ended by itself.
    cause: Call | int
    origin: int = 0


@dataclass(eq=False, kw_only=True)
class Result:
    """What came of one step: its values (or its error), and what it changed in the folders."""

    op: str
    values: dict[str, Any]
    #: By path: ``added`` or ``removed`` or ``changed``, whether it is a folder, its content.
    files: dict[str, dict[str, object]] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Trace:
    """One scenario and what happened."""

    scenario: dict[str, Any]
    calls: list[Call]
    notifications: list[Notification]
    results: list[Result]

    @property
    def name(self) -> str:
        """The scenario's name."""
        return str(self.scenario["name"])


def read_trace(path: Path) -> Trace:
    """Read a golden trace; raises Contradiction if it is not of one piece."""
    return read_document(json.loads(path.read_text("utf-8"), object_pairs_hook=_once))


def read_document(document: dict[str, Any]) -> Trace:
    """Read a golden trace from what a JSON parser made of it."""
    calls = [read_call(each) for each in document["calls"]]
    return Trace(
        scenario=document["scenario"],
        calls=calls,
        notifications=read_notifications(document["notifications"], calls, document["scenario"]),
        results=[read_result(each) for each in document["steps"]],
    )


def read_call(document: dict[str, Any]) -> Call:
    """Read one call; what is said twice must be the same both times."""
    args, out = _read_values(document["args"]), _read_values(document["out"])
    for key, value in document.items():
        name = key.removeprefix("parsed_")
        if name != key and not same(args.get(name, out.get(name)), value):
            raise Contradiction(f"call {document['seq']}: {key} is not what {name} says")
    return Call(
        fn=document["fn"],
        step=document["step"],
        args=args,
        out=out,
        hr=document["hr"],
        origin=document["seq"],
    )


def read_notifications(
    documents: list[dict[str, Any]], calls: list[Call], scenario: dict[str, Any]
) -> list[Notification]:
    """Read the notifications of a trace with these calls."""
    by_number = {call.origin: call for call in calls}
    targets = _targets(calls, scenario)
    return [
        Notification(
            type=each["type"],
            status=each["status"],
            target=targets.get(each["target"], f"system {each['system']}"),
            system=each["system"],
            callbacks=each["callbacks"],
            swallowed=each["swallowed"],
            cause=by_number.get(each["cause"], each["cause"]),
            origin=number,
        )
        for number, each in enumerate(documents, 1)
    ]


def _targets(calls: list[Call], scenario: dict[str, Any]) -> dict[str, str]:
    """The first handles of what was made, by the service's own numbers of systems and processes."""
    before = len((scenario.get("hcs") or {}).get("systems", []))
    systems = _made(calls, "HcsCreateComputeSystem", "computeSystem")
    processes = _made(calls, "HcsCreateProcess", "process")
    return {
        **{f"system#{number}": name for number, name in enumerate(systems, before + 1)},
        **{f"process#{number}": name for number, name in enumerate(processes, 1)},
    }


def _made(calls: list[Call], fn: str, key: str) -> list[str]:
    return [str(call.out[key]) for call in calls if call.fn == fn and key in call.out]


def read_result(document: dict[str, Any]) -> Result:
    """Read what came of one step."""
    changes = document.get("fs") or []
    return Result(
        op=document["op"],
        values={key: value for key, value in document.items() if key not in LABELS},
        files={each["path"]: {k: v for k, v in each.items() if k != "path"} for each in changes},
        log=document.get("log") or [],
    )


def same(one: object, other: object) -> bool:
    """Whether two JSON values are the same: neither 1 and true nor 0 and 0.0 are."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def _read_values(values: dict[str, object]) -> dict[str, object]:
    return {key: _read_value(value) if key in DOCUMENTS else value for key, value in values.items()}


def _read_value(text: object) -> object:
    """A document's value; what is none (an empty string, ``NULL``) stays as it is."""
    try:
        return json.loads(text, object_pairs_hook=_once) if isinstance(text, str) else text
    except json.JSONDecodeError:
        return text


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise Contradiction(f"a key is twice in a document: {[key for key, _ in pairs]}")
    return document
