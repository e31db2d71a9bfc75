"""A start in which the first implementation panicked: a stream that could not be opened."""

from __future__ import annotations

from replaying.first import CLOSE_INPUT
from replaying.golden import Golden, Unlike
from replaying.processes import document_of, properties
from replaying.trace import Call

__all__ = ["survive"]

START = ("HcsStartComputeSystem", "HcsCreateProcess", "HcsRegisterProcessCallback")
REMOVE = (
    "HcsGetComputeSystemProperties",
    "HcsShutdownComputeSystem",
    "HcsUnregisterComputeSystemCallback",
)
#: ERROR_INVALID_HANDLE.
BAD = {"kind": "BackendError", "errno": "0x6"}
GONE, STOPPED, PENDING = "0xc037010e", "0xc0370110", "0xc0370103"


def survive(golden: Golden, step: int) -> None:
    """The container is terminated, and says why; what was left of its process is released later."""
    calls = golden.of_step(step)
    if tuple(call.fn for call in calls) != START:
        raise Unlike(f"step {step}: no such start panics")
    system, process = calls[1].args["computeSystem"], calls[1].out["process"]
    golden.results[step].values = {"error": dict(BAD)}
    end = golden.call("HcsTerminateComputeSystem", step, computeSystem=system, options="")
    closed = golden.call("HcsModifyProcess", step, process=process, settings=CLOSE_INPUT)
    unfed = [] if document_of(calls[1])["CreateStdInPipe"] else [closed]
    golden.put_after(calls[2], *unfed, end)
    for later in range(step, len(golden.steps)):
        if golden.steps[later]["op"] == "remove":
            _remove(golden, later, end, calls[2])


def _remove(golden: Golden, step: int, end: Call, registered: Call) -> None:
    asked, shutdown, unregister = golden.of_step(step, *REMOVE)
    running = {"properties": properties(golden, step)}
    if asked.out != running or shutdown.hr != PENDING:
        raise Unlike(f"step {step}: what ran on is not removed so")
    asked.hr, asked.out = GONE, {}
    shutdown.hr = STOPPED
    for notification in golden.notifications:
        if notification.cause is shutdown:
            notification.cause = end
    callback, process = registered.out["callbackHandle"], registered.args["process"]
    golden.put_after(
        golden.calls[golden.calls.index(unregister) - 1],
        golden.call("HcsUnregisterProcessCallback", step, callbackHandle=callback),
        golden.call("HcsCloseProcess", step, process=process),
    )
