"""D10: handles and callbacks are released at a known point, never by a finaliser.

What was executed in a container is released with it, after its first process.
"""

from __future__ import annotations

from replaying.golden import Golden, Unlike
from replaying.trace import Call

PATHS = ("calls[HcsUnregisterProcessCallback]", "calls[HcsCloseProcess]")

REGISTER, UNREGISTER = "HcsRegisterProcessCallback", "HcsUnregisterProcessCallback"
CLOSE = "HcsCloseProcess"


def rewrite(golden: Golden) -> None:
    """Take the releases from the garbage collector, and put them where the container goes."""
    for number, step in enumerate(golden.steps):
        if step["op"] == "gc":
            _collect_nothing(golden, number)
    for created in golden.named("HcsCreateProcess"):
        if golden.steps[created.step]["op"] == "exec" and created.succeeded:
            _release(golden, created)


def _collect_nothing(golden: Golden, step: int) -> None:
    """Only processes that were executed are left to the collector."""
    calls = golden.of_step(step, UNREGISTER, CLOSE)
    executed = [
        call.out["process"]
        for call in golden.named("HcsCreateProcess")
        if call.step < step and golden.steps[call.step]["op"] == "exec" and call.succeeded
    ]
    callbacks = {_callback(golden, process): process for process in executed}
    if len(calls) % 2:
        raise Unlike(f"step {step}: a callback or a handle is released alone")
    for unregister, close in zip(calls[::2], calls[1::2], strict=True):
        process = callbacks.pop(unregister.args.get("callbackHandle"), None)
        done = unregister.succeeded and close.succeeded
        functions = (unregister.fn, close.fn) == (UNREGISTER, CLOSE)
        if not functions or not done or close.args != {"process": process}:
            raise Unlike(f"step {step}: not what a finaliser does")
        golden.take_out(unregister)
        golden.take_out(close)


def _release(golden: Golden, created: Call) -> None:
    process = created.out["process"]
    callback = _callback(golden, process)
    removal = _system_released(golden, created)
    if callback is None or removal is None:
        return
    place = golden.calls[golden.calls.index(removal) - 1]
    golden.put_after(
        place,
        golden.call(UNREGISTER, removal.step, callbackHandle=callback),
        golden.call(CLOSE, removal.step, process=process),
    )


def _callback(golden: Golden, process: object) -> object:
    for call in golden.named(REGISTER):
        if call.args["process"] == process and call.succeeded:
            return call.out["callbackHandle"]
    return None


def _system_released(golden: Golden, created: Call) -> Call | None:
    """The call with which the system of a process begins to be released."""
    system = created.args["computeSystem"]
    callbacks = [
        call.out.get("callbackHandle")
        for call in golden.named("HcsRegisterComputeSystemCallback")
        if call.args["computeSystem"] == system
    ]
    for call in golden.named("HcsUnregisterComputeSystemCallback"):
        if call.args["callbackHandle"] in callbacks:
            return call
    return None
