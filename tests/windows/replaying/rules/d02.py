"""D2: a servicing container says so, runs no command line of the container's, and is removed.

The first implementation ran the container's own command in it, closed its handles, and left its
layer and its process.
"""

from __future__ import annotations

from typing import Any

from replaying.golden import Golden, Unlike
from replaying.processes import document_of
from replaying.servicing import Servicing, servicings
from replaying.trace import Call, Notification

PATHS = (
    "calls[HcsCreateComputeSystem].args.configuration.Servicing",
    "calls[HcsCreateProcess].args.processParameters.CommandLine",
    "calls[HcsCreateProcess].args.processParameters.Environment",
    "calls[HcsCreateProcess].args.processParameters.User",
    "calls[HcsShutdownComputeSystem]",
    "calls[HcsUnregisterProcessCallback]",
    "calls[HcsCloseProcess]",
    "calls[UnprepareLayer]",
    "calls[DeactivateLayer]",
    "calls[DestroyLayer]",
    "notifications[SystemExited]",
    "steps[remove].files.C:\\oracle\\layers\\*_servicing",
    "steps[remove].files.C:\\oracle\\layers\\*_servicing\\sandbox.vhdx",
    "steps[remove].files.C:\\oracle\\root\\*",
    "steps[remove].error",
)

STOPPED, PENDING = "0xc0370110", "0xc0370103"
FAILED = {"kind": "CleanupFailed", "errno": None}


def rewrite(golden: Golden) -> None:
    """Let each servicing container say what it is, and leave nothing."""
    for each in servicings(golden):
        _say_so(each)
        for call in golden.named("HcsCreateProcess"):
            if each.system is not None and call.args["computeSystem"] == each.system:
                _run_nothing(golden, call)
        if each.closing is not None:
            _remove(golden, each)
            _keep_record(golden, each)


def _say_so(servicing: Servicing) -> None:
    document = servicing.created.args["configuration"]
    assert isinstance(document, dict)
    if document["Servicing"] is not False:
        raise Unlike("a servicing container that says so")
    document["Servicing"] = True


def _run_nothing(golden: Golden, call: Call) -> None:
    new = golden.new_of(golden.container_of(call.step))
    process: dict[str, Any] = ((new or {}).get("spec") or {}).get("process") or {}
    document = document_of(call)
    pairs = [each.partition("=") for each in process.get("env") or []]
    ran = {
        "CommandLine": " ".join(process.get("args") or []),
        "Environment": {name: value for name, equals, value in pairs if equals},
        "User": (process.get("user") or {}).get("username", ""),
    }
    if any(document[key] != value for key, value in ran.items()):
        raise Unlike("a servicing container does not run what its container ran")
    document |= {"CommandLine": "", "Environment": {}, "User": ""}


def _remove(golden: Golden, servicing: Servicing) -> None:
    """Before its handles are closed it is shut down, afterwards its layer goes."""
    step, closing, name = servicing.step, servicing.closing, servicing.id
    assert closing is not None
    before = golden.calls[golden.calls.index(closing) - 1]
    shutdown = golden.call(
        "HcsShutdownComputeSystem", step, computeSystem=servicing.system, options=""
    )
    exited = golden.heard("SystemExited", servicing.system)
    shutdown.hr = PENDING if exited is None else STOPPED
    golden.put_after(before, shutdown, *_release(golden, servicing))
    if exited is None:
        _exits(golden, servicing, shutdown)
    closed = golden.after(closing)[0]
    info = servicing.sandbox.args["info"]
    assert isinstance(info, dict)
    folder = f"{info['HomeDir']}\\{name}"
    clear_up = [
        golden.call("UnprepareLayer", step, info=info, id=name),
        golden.call("DeactivateLayer", step, info=info, id=name),
    ]
    if servicing.vm:
        clear_up = []
    destroyed = golden.call("DestroyLayer", step, info=info, id=f"{folder}-removing")
    golden.put_after(closed, *clear_up, destroyed)
    for path in (folder, f"{folder}\\sandbox.vhdx"):
        golden.results[step].files.pop(path, None)


def _release(golden: Golden, servicing: Servicing) -> list[Call]:
    for call in golden.of_step(servicing.step, "HcsRegisterProcessCallback"):
        if call.succeeded:
            callback = call.out["callbackHandle"]
            unregister = "HcsUnregisterProcessCallback"
            return [
                golden.call(unregister, servicing.step, callbackHandle=callback),
                golden.call("HcsCloseProcess", servicing.step, process=call.args["process"]),
            ]
    return []


def _exits(golden: Golden, servicing: Servicing, cause: Call) -> None:
    """It did not end in its time: it is shut down, and that it had to be is told."""
    assert servicing.system is not None
    last = golden.notifications.pop()
    golden.notifications += [
        Notification(
            type="SystemExited",
            status="0x00000000",
            target=servicing.system,
            system=servicing.id,
            callbacks=1,
            cause=cause,
        ),
        last,
    ]
    golden.results[servicing.step].values["error"] = dict(FAILED)


def _keep_record(golden: Golden, servicing: Servicing) -> None:
    """The record of the container stays as long as something went wrong."""
    result = golden.results[servicing.step]
    if result.values.get("error") is not None:
        for path in [*result.files]:
            if path.startswith("C:\\oracle\\root\\"):
                del result.files[path]
