"""D13: remove does all it can, then raises what went wrong; the record stays then.

A layer that somebody else holds open is destroyed at a later attempt, if need be; a handle is
closed though its callback could not be unregistered; and what could not be ended is told.
"""

from __future__ import annotations

from replaying.golden import Golden
from replaying.servicing import servicings
from replaying.trace import Call

PATHS = (
    "calls[DestroyLayer]",
    "calls[HcsCloseProcess]",
    "calls[HcsCloseComputeSystem]",
    "steps[remove].error",
    "steps[remove].files.C:\\oracle\\root\\*",
)

#: ERROR_ACCESS_DENIED and ERROR_SHARING_VIOLATION: somebody has a file open.
IN_USE = ("0x80070005", "0x80070020")
ATTEMPTS = 5
GONE = ("0xc0370110", "0x80370110", "0x80070490", "0xc037010e", "0x8037010e", "0x8037011f")
REGISTERED = {
    "HcsUnregisterProcessCallback": ("HcsRegisterProcessCallback", "process", "HcsCloseProcess"),
    "HcsUnregisterComputeSystemCallback": (
        "HcsRegisterComputeSystemCallback",
        "computeSystem",
        "HcsCloseComputeSystem",
    ),
}


def rewrite(golden: Golden) -> None:
    """Try again, close, and tell."""
    for call in golden.named("DestroyLayer"):
        if call.hr in IN_USE:
            _try_again(golden, call)
    for number, step in enumerate(golden.steps):
        if step["op"] == "remove":
            for call in golden.of_step(number, *REGISTERED):
                if not call.succeeded:
                    _close(golden, call)
            _tell(golden, number)


def _try_again(golden: Golden, call: Call) -> None:
    further = [golden.call("DestroyLayer", call.step, **call.args) for _ in range(ATTEMPTS - 1)]
    if all(each.hr == call.hr for each in further):
        golden.put_after(call, *further)
    else:
        golden.put_after(call, further[0])


def _close(golden: Golden, unregister: Call) -> None:
    register, key, close = REGISTERED[unregister.fn]
    for call in golden.named(register):
        if call.out.get("callbackHandle") == unregister.args["callbackHandle"]:
            made = golden.call(close, unregister.step, **{key: call.args[key]})
            golden.put_after(unregister, made)


def _tell(golden: Golden, number: int) -> None:
    """The first thing that went wrong, by its code; a record stays for another attempt."""
    problem = _problem(golden, number)
    result = golden.results[number]
    if problem is None or result.values.get("error") is not None:
        return
    errno = int(problem.hr, 16)
    told = errno & 0xFFFF if errno >> 16 == 0x8007 else errno
    result.values["error"] = {"kind": "CleanupFailed", "errno": hex(told)}
    for path in [*result.files]:
        if path.startswith("C:\\oracle\\root\\"):
            del result.files[path]


def _problem(golden: Golden, number: int) -> Call | None:
    for servicing in servicings(golden):
        if servicing.step == number and not servicing.created.succeeded:
            return servicing.created
    calls = golden.of_step(number)
    ends = [call for call in calls if call.fn == "HcsTerminateComputeSystem"]
    if ends and not ends[-1].succeeded and ends[-1].hr not in GONE:
        return ends[-1]
    destroyed = [call for call in calls if call.fn == "DestroyLayer"]
    return destroyed[-1] if destroyed and not destroyed[-1].succeeded else None
