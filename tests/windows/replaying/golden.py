"""A golden trace on its way to what is expected of us: what rules ask of it and do to it.

Rules take calls out and put calls in. What hangs on the order of calls follows by itself: the
contexts of callbacks, and which call a fault of the scenario meets.
"""

from __future__ import annotations

from typing import Any

from replaying.trace import Call, Notification, Result, Trace, same

__all__ = ["Golden", "Unlike"]

REGISTRATIONS = ("HcsRegisterComputeSystemCallback", "HcsRegisterProcessCallback")
PENDING = "0xc0370103"
#: What the service answers that has nothing against it.
ANSWERS = {
    "HcsCreateComputeSystem": PENDING,
    "HcsStartComputeSystem": PENDING,
    "HcsShutdownComputeSystem": PENDING,
    "HcsTerminateComputeSystem": PENDING,
}


class Unlike(Exception):
    """The golden trace is not what the first implementation does; no rule can make sense of it."""


class Golden:
    """The golden trace, as far as it has been rewritten."""

    def __init__(self, trace: Trace) -> None:
        self.scenario: dict[str, Any] = trace.scenario
        self.calls = trace.calls
        self.notifications = trace.notifications
        self.results = trace.results
        self.steps: list[dict[str, Any]] = self.scenario["steps"]
        self._hits = [_hit(fault, trace.calls) for fault in self.faults]
        self._made = 0

    @property
    def faults(self) -> list[dict[str, Any]]:
        """The scenario's faults."""
        faults: list[dict[str, Any]] = (self.scenario.get("hcs") or {}).get("faults", [])
        return faults

    @property
    def trace(self) -> Trace:
        """The trace as it is now."""
        return Trace(
            scenario=self.scenario,
            calls=self.calls,
            notifications=self.notifications,
            results=self.results,
        )

    def of_step(self, step: int, *fns: str) -> list[Call]:
        """The calls of one step; only of these functions, if any are named."""
        return [each for each in self.calls if each.step == step and (not fns or each.fn in fns)]

    def named(self, fn: str) -> list[Call]:
        """All calls of one function."""
        return [each for each in self.calls if each.fn == fn]

    def after(self, call: Call) -> list[Call]:
        """The calls that follow."""
        return self.calls[self.calls.index(call) + 1 :]

    def take_out(self, call: Call) -> None:
        """There is no such call with us; callbacks that are registered later count down."""
        self._count_on(call, -1)
        self.calls.remove(call)

    def put_after(self, call: Call, *made: Call) -> None:
        """With us these follow a call."""
        place = self.calls.index(call) + 1
        self.calls[place:place] = made
        for each in made:
            self._count_on(each, +1)

    def call(self, fn: str, step: int, **args: object) -> Call:
        """A call of ours, with what the service will answer."""
        self._made += 1
        return Call(fn=fn, step=step, args=args, hr=self.answer(fn), origin=-self._made)

    def answer(self, fn: str) -> str:
        """What a function answers by this scenario, whenever it is called."""
        for fault in self.faults:
            if fault["fn"] == fn and str(fault.get("nth", "*")) == "*" and not fault.get("match"):
                return hexadecimal(fault["hr"])
        default = (self.scenario.get("hcs") or {}).get("defaults", {}).get(fn)
        return hexadecimal(default) if default else ANSWERS.get(fn, "0x00000000")

    def move_fault(self, old: Call, new: Call) -> None:
        """What failed the one call fails the other, which does its work with us."""
        self._hits = [new if hit is old else hit for hit in self._hits]

    def renumber_faults(self) -> None:
        """Let each fault meet the call that it met, though others come before it now."""
        kept = [
            _renumbered(fault, hit, self.calls)
            for fault, hit in zip(self.faults, self._hits, strict=True)
            if hit is None or hit in self.calls
        ]
        if not same(kept, self.faults):
            self.scenario["hcs"]["faults"] = kept

    def drop_notifications_of(self, calls: list[Call]) -> None:
        """Nothing follows from calls that are not made, nor of what they would have made."""
        made = {value for call in calls for value in call.out.values() if isinstance(value, str)}
        self.notifications[:] = [
            each
            for each in self.notifications
            if each.cause not in calls and each.target not in made
        ]

    def container_of(self, step: int) -> str:
        """The id of the container that a step is about."""
        wanted = self.steps[step].get("c", "c")
        for each in reversed(self.steps[: step + 1]):
            if each["op"] == "new" and each.get("c", "c") == wanted:
                return str(each["id"])
        return str(wanted)

    def new_of(self, id: str) -> dict[str, Any] | None:
        """The step that made a container."""
        for each in self.steps:
            if each["op"] == "new" and each["id"] == id:
                return each
        return None

    def result(self, step: int) -> Result:
        """What came of a step."""
        return self.results[step]

    def heard(self, type: str, target: object) -> Notification | None:
        """The notification of a type about something, if somebody heard it."""
        for each in self.notifications:
            reached = each.callbacks and not each.swallowed
            if each.type == type and each.target == target and reached:
                return each
        return None

    def _count_on(self, call: Call, step: int) -> None:
        if call.fn in REGISTRATIONS:
            for each in self.after(call):
                if each.fn in REGISTRATIONS:
                    each.args["context"] = int(str(each.args["context"])) + step


def hexadecimal(number: str) -> str:
    """A result code as traces write it."""
    return f"0x{int(number, 16):08x}"


def subject(call: Call, calls: list[Call]) -> str | None:
    """What a fault's ``match`` is looked for in: an id, a layer's name, a process's parameters."""
    for key in ("id", "name"):
        if key in call.args:
            return str(call.args[key])
    if call.fn == "HcsCreateProcess":
        return str(call.args["processParameters"])
    handle = call.args.get("computeSystem")
    made = (each for each in calls if handle and each.out.get("computeSystem") == handle)
    return next((str(each.args["id"]) for each in made), None)


def _hit(fault: dict[str, Any], calls: list[Call]) -> Call | None:
    """The one call that a numbered fault meets."""
    nth = str(fault.get("nth", "*"))
    met = _met(fault, calls)
    return met[int(nth) - 1] if nth != "*" and len(met) >= int(nth) else None


def _met(fault: dict[str, Any], calls: list[Call]) -> list[Call]:
    match = fault.get("match", "")
    named = [each for each in calls if each.fn == fault["fn"]]
    return [each for each in named if not match or match in (subject(each, calls) or "")]


def _renumbered(fault: dict[str, Any], hit: Call | None, calls: list[Call]) -> dict[str, Any]:
    nth = str(fault.get("nth", "*"))
    if nth == "*":
        return fault
    met = _met(fault, calls)
    number = max(int(nth), len(met) + 1) if hit is None else met.index(hit) + 1
    return fault if number == int(nth) else {**fault, "nth": number}
