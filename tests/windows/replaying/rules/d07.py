"""D7: exits are kept: any number of waits, at any time, give the same answer.

So the exit code is asked for once, as soon as the process has exited, whether somebody waits or
not; and a container that is known to have stopped is not asked to stop.
"""

from __future__ import annotations

from typing import Any

from replaying.golden import Golden, Unlike
from replaying.trace import Call, Notification

PATHS = (
    "calls[HcsGetProcessProperties]",
    "calls[HcsShutdownComputeSystem]",
    "calls[HcsTerminateComputeSystem]",
    "steps[exitcode]",
    "steps[pid]",
)

ASK = "HcsGetProcessProperties"
#: What was taken for "it has stopped"; the last of them wrongly.
STOPPED = ("0xc0370110", "0x80070490", "0x8007007f")
ENDING = {"terminate": "HcsTerminateComputeSystem", "shutdown": "HcsShutdownComputeSystem"}
#: Steps that let time pass.
PASSING = ("sleep", "stdio", "exitcode", "process_exitcode", "exitcode_join")
UNKNOWN = {"error": {"kind": "InvalidState", "errno": None}}


def rewrite(golden: Golden) -> None:
    """Ask once for each exit; answer every wait; leave out what would change nothing."""
    for notification in [*golden.notifications]:
        if notification.type == "ProcessExited" and notification.callbacks:
            _ask_once(golden, notification)
    for number, step in enumerate(golden.steps):
        if step["op"] == "exitcode":
            _answer(golden, number)
        elif step["op"] == "pid" and "panic" in golden.results[number].values:
            golden.results[number].values = {"pid": None}
        elif step["op"] in ENDING and golden.results[number].values.get("error") is None:
            _leave_alone(golden, number)


def _ask_once(golden: Golden, exited: Notification) -> None:
    asked = [call for call in golden.named(ASK) if call.args["process"] == exited.target]
    if len(asked) > 1:
        raise Unlike(f"the exit code of {exited.target} is asked for twice")
    if not asked and int(exited.status, 16) in (0, 0x8007006D):
        if _is_told(golden, exited):
            raise Unlike(f"the exit code of {exited.target} is told, and never asked for")
        _ask(golden, exited)


def _is_told(golden: Golden, exited: Notification) -> bool:
    """Whether a step has told the exit code of this very process."""
    first = _created(golden)[0] == exited.target
    ops = ("exitcode", "exitcode_join") if first else ("process_exitcode",)
    told = [each.values.get("async", each.values) for each in golden.results if each.op in ops]
    return any("exitCode" in values for values in told)


def _ask(golden: Golden, exited: Notification) -> None:
    number = _created(golden).index(exited.target) + 1
    killed = [
        call
        for call in golden.named("HcsTerminateProcess")
        if call.args["process"] == exited.target
    ]
    place = exited.cause if isinstance(exited.cause, Call) else next(iter(killed), None)
    code = 1067 if place is not None else int(configured(golden, number).get("exitCode", 0))
    place = place or _last_before_end(golden, exited)
    call = golden.call(ASK, place.step, process=exited.target)
    told = {"ProcessId": 996 + 4 * number, "Exited": True, "ExitCode": code, "LastWaitResult": 0}
    call.out = {"processProperties": told}
    golden.put_after(place, call)


def configured(golden: Golden, number: int) -> dict[str, Any]:
    """What the scenario says of the process that is created as the nth."""
    processes = (golden.scenario.get("hcs") or {}).get("processes", [])
    fits = (each for each in processes if str(each.get("nth", "*")) in ("*", str(number)))
    return next(fits, {})


def _last_before_end(golden: Golden, exited: Notification) -> Call:
    """A process that ends by itself does so when a step lets time pass, or before the next call."""
    created = next(
        call
        for call in golden.named("HcsCreateProcess")
        if call.out.get("process") == exited.target
    )
    later = golden.steps[created.step + 1 :]
    passing = [step for step, each in enumerate(later, created.step + 1) if each["op"] in PASSING]
    until = passing[0] if passing else created.step
    return [call for call in golden.calls if call.step <= until][-1]


def _created(golden: Golden) -> list[object]:
    made = [call.out.get("process") for call in golden.named("HcsCreateProcess")]
    return [each for each in made if each is not None]


def _answer(golden: Golden, number: int) -> None:
    """A wait that hung, or met with a panic, gets what an earlier one got."""
    values = golden.results[number].values
    if "hang" in values or "panic" in values:
        earlier = [
            golden.results[before].values
            for before in range(number)
            if golden.steps[before]["op"] == "exitcode"
            and golden.container_of(before) == golden.container_of(number)
        ]
        golden.results[number].values = dict(earlier[-1] if earlier else UNKNOWN)


def _leave_alone(golden: Golden, number: int) -> None:
    calls = golden.of_step(number)
    fn = ENDING[golden.steps[number]["op"]]
    if not calls or calls[0].fn != fn:
        raise Unlike(f"step {number} does not begin with {fn}")
    if len(calls) == 1 and calls[0].hr in STOPPED:
        golden.take_out(calls[0])
