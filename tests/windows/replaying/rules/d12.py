"""D12: one container that can't be loaded never hides the others, and none is touched beyond proof.

The containers that a scenario finds have no record of ours: they are known by the service, can be
used and removed, and no layer is taken for theirs. As others may use them too, the service is asked
for their state before it matters.
"""

from __future__ import annotations

import ntpath

from replaying.golden import Golden, Unlike
from replaying.processes import properties
from replaying.trace import Call

PATHS = (
    "calls[HcsGetComputeSystemProperties]",
    "calls[HcsStartComputeSystem]",
    "calls[HcsTerminateComputeSystem]",
    "calls[HcsShutdownComputeSystem]",
    "calls[HcsUnregisterComputeSystemCallback]",
    "calls[HcsCloseComputeSystem]",
    "calls[UnprepareLayer]",
    "calls[DeactivateLayer]",
    "calls[DestroyLayer]",
    "notifications[SystemExited]",
    "steps[loadall]",
    "steps[remove].files.C:\\oracle\\*",
    "steps[start].error",
)

OWNER = "containerd"
#: How often the state is asked for: whether it was started, and whether it runs.
LOOKS = 2
REMOVAL = ("UnprepareLayer", "DeactivateLayer", "DestroyLayer")
REFUSED = {"kind": "InvalidState", "errno": None}


def rewrite(golden: Golden) -> None:
    """Load what can be loaded, and follow it through the steps."""
    for number, step in enumerate(golden.steps):
        if step["op"] == "loadall" and not step.get("cancelled"):
            _load_all(golden, number)
    for number, step in enumerate(golden.steps):
        if step.get("c") is None or golden.new_of(golden.container_of(number)) is not None:
            continue
        if step["op"] in ("terminate", "exec", "shutdown"):
            _look_first(golden, number)
        elif step["op"] == "start":
            _refuse_start(golden, number)
        elif step["op"] == "remove":
            _leave_layers(golden, number, str(step["c"]))


def _load_all(golden: Golden, number: int) -> None:
    """What failed for one is told when that one is used; handles stay until then."""
    result = golden.results[number]
    if result.values.get("error") is None:
        return
    result.values = {"error": None, "ids": _ids(golden, number)}
    if not golden.of_step(number):
        return
    for later, step in enumerate(golden.steps):
        if step["op"] == "gc" and later > number:
            _collect_nothing(golden, later)


def _ids(golden: Golden, number: int) -> list[str]:
    listed: list[str] = []
    for call in golden.of_step(number, "HcsEnumerateComputeSystems"):
        systems = call.out.get("computeSystems")
        if isinstance(systems, list):
            listed += [
                each["Id"]
                for each in systems
                if each.get("Owner") == OWNER and each.get("SystemType") == "Container"
            ]
    return listed


def _collect_nothing(golden: Golden, step: int) -> None:
    opened = {call.out.get("computeSystem") for call in golden.named("HcsOpenComputeSystem")}
    registered = {
        call.out.get("callbackHandle"): call.args["computeSystem"]
        for call in golden.named("HcsRegisterComputeSystemCallback")
    }
    calls = golden.of_step(step)
    if len(calls) % 2:
        raise Unlike(f"step {step}: a callback or a handle is released alone")
    for unregister, close in zip(calls[::2], calls[1::2], strict=True):
        system = close.args.get("computeSystem")
        fns = (unregister.fn, close.fn)
        known = fns == ("HcsUnregisterComputeSystemCallback", "HcsCloseComputeSystem")
        about = registered.get(unregister.args.get("callbackHandle"))
        if not known or system not in opened or about != system:
            raise Unlike(f"step {step}: not what a finaliser does")
    for call in calls:
        golden.take_out(call)


def _look_first(golden: Golden, number: int) -> None:
    first = next(iter(golden.of_step(number)), None)
    if first is None or "computeSystem" not in first.args:
        return
    place = golden.calls.index(first)
    for _ in range(LOOKS):
        look = golden.call(
            "HcsGetComputeSystemProperties",
            number,
            computeSystem=first.args["computeSystem"],
            propertyQuery={},
        )
        look.out = {"properties": properties(golden, number)}
        golden.calls.insert(place, look)


def _refuse_start(golden: Golden, number: int) -> None:
    """Nobody knows what was to be run in it; so it runs on, and is shut down when it is removed."""
    calls = golden.of_step(number)
    if [call.fn for call in calls] != ["HcsStartComputeSystem", "HcsTerminateComputeSystem"]:
        raise Unlike(f"step {number}: not a start of what runs")
    if [call.hr for call in calls] != ["0xc0370105", "0xc0370103"]:
        raise Unlike(f"step {number}: a start of what runs is answered otherwise")
    golden.results[number].values["error"] = dict(REFUSED)
    for call in calls:
        golden.take_out(call)
    for later in range(number, len(golden.steps)):
        if golden.steps[later]["op"] == "remove":
            _shut_down(golden, later, calls[1])


def _shut_down(golden: Golden, number: int, instead: Call) -> None:
    asked = golden.of_step(number, "HcsGetComputeSystemProperties", "HcsShutdownComputeSystem")
    if [call.hr for call in asked] != ["0xc037010e", "0xc0370110"]:
        raise Unlike(f"step {number}: what had stopped is not found so")
    asked[0].hr, asked[0].out = "0x00000000", {"properties": properties(golden, number)}
    asked[1].hr = "0xc0370103"
    for notification in golden.notifications:
        if notification.cause is instead:
            notification.cause = asked[1]


def _leave_layers(golden: Golden, number: int, id: str) -> None:
    """The layer that the first implementation noted for it is nothing of ours."""
    noted = golden.scenario["setup"]["files"].get(f"C:\\oracle\\root\\{id}\\layer")
    home, name = ntpath.split(noted) if noted else (".", ".")
    wanted = [
        {"info": {"Flavour": 1, "HomeDir": home}, "id": name},
        {"info": {"Flavour": 1, "HomeDir": home}, "id": name},
        {"info": {"Flavour": 1, "HomeDir": home}, "id": f"{noted}-removing" if noted else ""},
    ]
    calls = golden.of_step(number, *REMOVAL)
    if [call.fn for call in calls] != [*REMOVAL] or [call.args for call in calls] != wanted:
        raise Unlike(f"step {number}: not what is done about the layer of {id}")
    if golden.of_step(number)[-3:] != calls or not all(call.hr == "0x00000000" for call in calls):
        raise Unlike(f"step {number}: the layer of {id} is not what goes last, and well")
    for call in calls:
        golden.take_out(call)
    golden.results[number].files.clear()
