"""D4: a failed create leaves nothing: no record, no layer, no handle, no pipe.

A failed start terminates, and leaves a stopped container.
"""

from __future__ import annotations

from replaying.golden import Golden, Unlike
from replaying.panicking import survive
from replaying.trace import Call

PATHS = (
    "steps[new].files.C:\\oracle\\root\\*",
    "calls[HcsTerminateComputeSystem]",
    "calls[HcsUnregisterComputeSystemCallback]",
    "calls[HcsCloseComputeSystem]",
    "calls[HcsTerminateProcess]",
    "calls[HcsCloseProcess]",
    "calls[UnprepareLayer]",
    "calls[DeactivateLayer]",
    "calls[DestroyLayer]",
    "calls[HcsModifyProcess]",
    "calls[HcsUnregisterProcessCallback]",
    "calls[HcsGetComputeSystemProperties]",
    "calls[HcsShutdownComputeSystem]",
    "notifications[*]",
    "steps[start]",
    "steps[stdio].stdio",
)

CREATE, REGISTER = "HcsCreateComputeSystem", "HcsRegisterComputeSystemCallback"


def rewrite(golden: Golden) -> None:
    """Go over the steps that failed."""
    for number, step in enumerate(golden.steps):
        if step["op"] == "new" and golden.results[number].values.get("error") is not None:
            _clear_up_system(golden, number)
            _clear_up_layer(golden, number)
            _forget(golden, number, step["id"])
        elif step["op"] in ("start", "exec"):
            _clear_up_process(golden, number)
            if "panic" in golden.results[number].values:
                survive(golden, number)
            if golden.results[number].values.get("error") is not None:
                _close_pipes(golden, number)


def _close_pipes(golden: Golden, step: int) -> None:
    """The pipes that were dialled for a process that could not be made are closed."""
    io = golden.steps[step].get("io") or {}
    for result in golden.results[step:]:
        for path, told in (result.values.get("stdio") or {}).items():
            if path in io.values() and told.get("closed") is False and told["connected"]:
                told["closed"] = True


def _clear_up_system(golden: Golden, step: int) -> None:
    """What had been made is ended, and its handles are released."""
    systems = [call.out.get("computeSystem") for call in golden.of_step(step, CREATE)]
    for call in golden.of_step(step, REGISTER):
        if call.args["computeSystem"] in systems:
            golden.put_after(call, *_end(golden, step, call))


def _end(golden: Golden, step: int, registered: Call) -> list[Call]:
    system = registered.args["computeSystem"]
    calls = []
    if golden.heard("SystemExited", system) is None:
        end = golden.call("HcsTerminateComputeSystem", step, computeSystem=system, options="")
        calls.append(end)
    if registered.succeeded:
        callback = registered.out["callbackHandle"]
        calls.append(
            golden.call("HcsUnregisterComputeSystemCallback", step, callbackHandle=callback)
        )
    return [*calls, golden.call("HcsCloseComputeSystem", step, computeSystem=system)]


def _clear_up_layer(golden: Golden, step: int) -> None:
    """A layer that had been prepared is not destroyed as it is."""
    failed = [call for call in golden.of_step(step, "GetLayerMountPath") if not call.succeeded]
    if not failed:
        return
    destroyed = golden.of_step(step, "DestroyLayer")
    info, name = failed[0].args["info"], failed[0].args["id"]
    if len(destroyed) != 1 or destroyed[0].args != {"info": info, "id": name}:
        raise Unlike(f"step {step}: a layer without a volume is not just destroyed")
    assert isinstance(info, dict)
    destroyed[0].args["id"] = f"{info['HomeDir']}\\{name}-removing"
    golden.put_after(
        failed[0],
        golden.call("UnprepareLayer", step, info=info, id=name),
        golden.call("DeactivateLayer", step, info=info, id=name),
    )


def _clear_up_process(golden: Golden, step: int) -> None:
    """A process of which nothing would be heard is ended, and its handle released."""
    for call in golden.of_step(step, "HcsRegisterProcessCallback"):
        if not call.succeeded:
            process = call.args["process"]
            golden.put_after(
                call,
                golden.call("HcsTerminateProcess", step, process=process),
                golden.call("HcsCloseProcess", step, process=process),
            )


def _forget(golden: Golden, step: int, id: str) -> None:
    """No record stays, unless there is still something to remove."""
    if all(call.succeeded for call in golden.of_step(step, "DestroyLayer")):
        for path in (f"C:\\oracle\\root\\{id}", f"C:\\oracle\\root\\{id}\\layer"):
            golden.results[step].files.pop(path, None)
