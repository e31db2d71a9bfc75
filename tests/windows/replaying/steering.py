"""Steering the stand-in service: a scenario's ``hcs`` as the lines that the library reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["steering"]

#: What has one value, by its name in scenarios and by the library's.
WORDS = {
    "enumerate": "enumerate",
    "systemProperties": "sysprops",
    "processProperties": "procprops",
    "startExits": "start_exits",
    "createExits": "create_exits",
    "badPipe": "badpipe",
    "volumePath": "volume",
}


#: Milliseconds after which a process ends of which nothing else is said. Longer than the first
#: implementation was given, for machines with other things to do; and longer still where a step
#: looks whether it runs. Where a step sleeps so that it ends meanwhile, it is as it was.
USUAL, WATCHED, BRIEF = 400, 2000, 50


def steering(scenario: dict[str, Any]) -> str:
    """The text of the file that ``ORACLE_DLL_CONFIG`` names."""
    ops = {step["op"] for step in scenario["steps"]}
    delay = WATCHED if "process_status" in ops else BRIEF if "sleep" in ops else USUAL
    lines = _lines(scenario.get("hcs") or {}, delay)
    return "".join("\t".join(map(str, line)) + "\n" for line in lines)


def _lines(hcs: dict[str, Any], delay: int) -> Iterator[tuple[object, ...]]:
    # The first that fits counts: the last is for all that no other is about.
    for fault in hcs.get("faults", []):
        yield "fault", fault["fn"], fault.get("nth", "*"), fault["hr"], fault.get("match", "")
    for fn, result in hcs.get("defaults", {}).items():
        yield "default", fn, result
    for process in [*hcs.get("processes", []), {}]:
        yield _process(process, delay)
    for notice in hcs.get("notifications", []):
        status = notice.get("status", "swallow")
        yield "notify", notice["type"], notice.get("nth", "*"), status, notice.get("id", "")
    for name, pending in hcs.get("pendingUpdates", {}).items():
        yield "updates", name, "true" if pending else "false"
    for name in hcs.get("exitWithInit", []):
        yield "exit_with_init", name
    for system in hcs.get("systems", []):
        kind, state = system.get("type", "Container"), system.get("state", "running")
        yield "system", system["id"], system["owner"], kind, state
    for key, word in WORDS.items():
        if key in hcs:
            yield word, hcs[key]


def _process(process: dict[str, Any], delay: int) -> tuple[object, ...]:
    return (
        "proc",
        process.get("nth", "*"),
        process.get("mode", "exit"),
        process.get("stdout", "").encode().hex(),
        process.get("stderr", "").encode().hex(),
        process.get("exitCode", 0),
        process.get("delayMs", delay),
        process.get("notifyStatus", "0x0"),
        process.get("lastWaitResult", "0"),
    )
