"""Comparing two traces: the first difference, or none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from replaying.naming import named
from replaying.trace import Call, Notification, Result, Trace, same

__all__ = ["Difference", "first_difference"]

MISSING = "nothing"
#: Calls that the end of something leads to, which comes when it comes: their order counts, and not
#: in which step they fall.
BY_THEMSELVES = frozenset({"HcsGetProcessProperties", "HcsModifyProcess"})


@dataclass(frozen=True)
class Difference:
    """Where two traces part."""

    where: str
    expected: object
    actual: object

    def __str__(self) -> str:
        return f"{self.where}: expected {_short(self.expected)}, got {_short(self.actual)}"


def first_difference(expected: Trace, actual: Trace) -> Difference | None:
    """Compare calls, then results and files step by step, then the notifications heard."""
    return next(_differences(named(expected), named(actual)), None)


def _differences(expected: Trace, actual: Trace) -> Iterator[Difference]:
    for number, pair in enumerate(zip_longest(expected.calls, actual.calls), 1):
        yield from _between_calls(f"call {number}", *pair)
    for step, results in enumerate(zip_longest(expected.results, actual.results)):
        yield from _between_results(f"step {step}", *results)
    heard = zip_longest(_heard(expected), _heard(actual), fillvalue=MISSING)
    for number, (one, other) in enumerate(heard, 1):
        yield from _between(f"notification {number}", one, other)


def _between_calls(where: str, expected: Call | None, actual: Call | None) -> Iterator[Difference]:
    if expected is None or actual is None or expected.fn != actual.fn:
        yield Difference(where, _said(expected), _said(actual))
        return
    where = f"{where} ({expected.fn})"
    if expected.fn not in BY_THEMSELVES:
        yield from _between(f"{where} step", expected.step, actual.step)
    yield from _between(f"{where} args", expected.args, actual.args)
    yield from _between(f"{where} hr", expected.hr, actual.hr)
    yield from _between(f"{where} out", expected.out, actual.out)


def _between_results(
    where: str, expected: Result | None, actual: Result | None
) -> Iterator[Difference]:
    if expected is None or actual is None:
        done = [MISSING if each is None else each.op for each in (expected, actual)]
        yield Difference(where, *done)
        return
    where = f"{where} ({expected.op})"
    said = "".join(f" [{each['msg']}]" for each in actual.log if "msg" in each)
    yield from _between(f"{where} result{said}", expected.values, actual.values)
    yield from _between(f"{where} files", expected.files, actual.files)


def _between(where: str, expected: object, actual: object) -> Iterator[Difference]:
    """Go down to what differs, to say just that."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key in [*expected, *(key for key in actual if key not in expected)]:
            one, other = expected.get(key, MISSING), actual.get(key, MISSING)
            yield from _between(f"{where}.{key}", one, other)
    elif isinstance(expected, list) and isinstance(actual, list):
        for number, pair in enumerate(zip_longest(expected, actual, fillvalue=MISSING)):
            yield from _between(f"{where}[{number}]", *pair)
    elif not same(expected, actual):
        yield Difference(where, expected, actual)


def _heard(trace: Trace) -> list[object]:
    """What reached somebody: nobody handles what was swallowed, or came when nobody listened."""
    numbers = {call: number for number, call in enumerate(trace.calls, 1)}
    return [
        _heard_one(each, numbers)
        for each in trace.notifications
        if each.callbacks and not each.swallowed
    ]


def _heard_one(each: Notification, numbers: dict[Call, int]) -> dict[str, object]:
    cause = f"call {numbers.get(each.cause)}" if isinstance(each.cause, Call) else "its own end"
    return {
        "type": each.type,
        "status": each.status,
        "target": each.target,
        "system": each.system,
        "callbacks": each.callbacks,
        "cause": cause,
    }


def _said(call: Call | None) -> str:
    return MISSING if call is None else f"{call.fn} {_short(call.args)} in step {call.step}"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 300 else text[:300] + "…"
