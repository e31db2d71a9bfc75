"""Whether a golden trace can have happened: what any caller and any service keep to.

Rules leave out calls of which nothing is left to compare. A trace in which such a call is wrong
must not pass for that.
"""

from __future__ import annotations

import uuid
from itertools import pairwise
from typing import Any

from replaying.naming import HANDLES
from replaying.trace import Call, Contradiction, Trace

__all__ = ["check_soundness"]

REGISTRATIONS = ("HcsRegisterComputeSystemCallback", "HcsRegisterProcessCallback")
#: What takes options, of which there are none.
OPTIONS = ("HcsStartComputeSystem", "HcsShutdownComputeSystem", "HcsTerminateComputeSystem")
PARAMETERS = frozenset({
    "ApplicationName",
    "CommandLine",
    "User",
    "WorkingDirectory",
    "Environment",
    "EmulateConsole",
    "CreateStdInPipe",
    "CreateStdOutPipe",
    "CreateStdErrPipe",
    "ConsoleSize",
})  # fmt: skip
#: What gives something if it succeeds, and only then.
GIVERS = frozenset({
    "NameToGuid",
    "GetLayerMountPath",
    "HcsCreateComputeSystem",
    "HcsOpenComputeSystem",
    "HcsCreateProcess",
    "HcsRegisterComputeSystemCallback",
    "HcsRegisterProcessCallback",
    "HcsGetProcessProperties",
    "HcsGetComputeSystemProperties",
    "HcsEnumerateComputeSystems",
})  # fmt: skip
#: What never fails by itself.
OBLIGING = frozenset({
    "NameToGuid",
    "GetLayerMountPath",
    "HcsModifyProcess",
    "HcsRegisterComputeSystemCallback",
    "HcsRegisterProcessCallback",
    "HcsUnregisterComputeSystemCallback",
    "HcsUnregisterProcessCallback",
    "HcsCloseProcess",
    "HcsCloseComputeSystem",
    "HcsGetProcessProperties",
    "HcsEnumerateComputeSystems",
})  # fmt: skip


def check_soundness(trace: Trace) -> None:
    """Raise Contradiction for what can't have happened."""
    if any(call.origin != number for number, call in enumerate(trace.calls, 1)):
        raise Contradiction("calls are not numbered one by one")
    if any(one.step > other.step for one, other in pairwise(trace.calls)):
        raise Contradiction("a call of a later step comes before one of an earlier")
    _check_handles(trace.calls)
    _check_contexts(trace.calls)
    _check_guids(trace.calls)
    for call in trace.calls:
        _check_call(call)
    _check_faults(trace)


def _check_handles(calls: list[Call]) -> None:
    """Handles are numbered as they are given out, and used afterwards."""
    given: dict[str, list[str]] = {key: [] for key in HANDLES}
    for call in calls:
        for key, kind in HANDLES.items():
            used = str(call.args.get(key, "")).removesuffix("(closed)")
            if key in call.args and used not in given[key]:
                raise Contradiction(f"call {call.origin} uses {used}, which nobody has")
            if key in call.out:
                given[key].append(str(call.out[key]))
                if given[key][-1] != f"{kind}#{len(given[key])}":
                    raise Contradiction(f"call {call.origin} gives out {call.out[key]}")


def _check_contexts(calls: list[Call]) -> None:
    contexts = [call.args.get("context") for call in calls if call.fn in REGISTRATIONS]
    if contexts != [*range(len(contexts))]:
        raise Contradiction(f"callbacks are registered with the contexts {contexts}")


def _check_guids(calls: list[Call]) -> None:
    """The same name has the same GUID each time, and it is one."""
    known: dict[object, object] = {}
    for call in calls:
        if call.fn == "NameToGuid" and call.succeeded:
            guid = str(call.out.get("guid"))
            if not _is_guid(guid) or known.setdefault(call.args.get("name"), guid) != guid:
                raise Contradiction(f"call {call.origin}: {guid} is not the GUID of that name")


def _is_guid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _check_call(call: Call) -> None:
    args = {key: value for key, value in call.args.items() if key != "computeSystem"}
    if call.fn in OPTIONS and args != {"options": ""}:
        raise Contradiction(f"call {call.origin}: {call.fn} takes a handle and no options")
    if call.fn == "HcsCreateProcess":
        parameters = call.args.get("processParameters")
        if not isinstance(parameters, dict) or parameters.keys() != PARAMETERS:
            raise Contradiction(f"call {call.origin}: a process has other parameters")
    if call.fn in GIVERS and call.succeeded != bool(call.out):
        raise Contradiction(f"call {call.origin}: {call.fn} {call.hr} gave {call.out}")


def _check_faults(trace: Trace) -> None:
    """What the scenario makes fail, fails so; and some things fail only then."""
    faults: list[dict[str, Any]] = (trace.scenario.get("hcs") or {}).get("faults", [])
    for call in trace.calls:
        wanted = _wanted(call, trace.calls, faults)
        if wanted is not None and int(wanted, 16) != int(call.hr, 16):
            raise Contradiction(f"call {call.origin}: {call.fn} was to answer {wanted}")
        if wanted is None and call.hr != "0x00000000" and call.fn in OBLIGING:
            raise Contradiction(f"call {call.origin}: nothing made {call.fn} answer {call.hr}")


def _wanted(call: Call, calls: list[Call], faults: list[dict[str, Any]]) -> str | None:
    """What the faults that need no looking into make of a call."""
    number = [each for each in calls if each.fn == call.fn].index(call) + 1
    for fault in faults:
        about = fault["fn"] == call.fn and not fault.get("match")
        if about and str(fault.get("nth", "*")) in ("*", str(number)):
            return str(fault["hr"])
    return None
