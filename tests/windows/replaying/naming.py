"""Names of handles: system#N, process#N, callback#N in the order in which they were given out."""

from __future__ import annotations

import re
from copy import copy

from replaying.trace import Call, Notification, Trace

__all__ = ["HANDLES", "named"]

#: Where handles stand in calls, and what they are called.
HANDLES = {"computeSystem": "system", "process": "process", "callbackHandle": "callback"}


def named(trace: Trace) -> Trace:
    """A copy of a trace in which handles are numbered anew, as calls were added or taken out."""
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    for call in trace.calls:
        for key, kind in HANDLES.items():
            if key in call.out:
                counts[kind] = counts.get(kind, 0) + 1
                names[str(call.out[key])] = f"{kind}#{counts[kind]}"
    calls = {call: _renamed(call, names) for call in trace.calls}
    return Trace(
        scenario=trace.scenario,
        calls=[*calls.values()],
        notifications=[_following(each, calls, names) for each in trace.notifications],
        results=trace.results,
    )


def _renamed(call: Call, names: dict[str, str]) -> Call:
    made = copy(call)
    made.args = {key: _rename(key, value, names) for key, value in call.args.items()}
    made.out = {key: _rename(key, value, names) for key, value in call.out.items()}
    return made


def _rename(key: str, value: object, names: dict[str, str]) -> object:
    if key not in HANDLES or not isinstance(value, str):
        return value
    handle = re.sub(r"\(closed\)$", "", value)
    return names.get(handle, handle) + value[len(handle) :]


def _following(
    notification: Notification, calls: dict[Call, Call], names: dict[str, str]
) -> Notification:
    made = copy(notification)
    made.target = names.get(made.target, made.target)
    if isinstance(made.cause, Call):
        made.cause = calls.get(made.cause, made.cause)
    return made
