"""D5: the sandbox layer of a virtual machine is neither activated nor prepared, nor mounted.

No UtilityVM in any layer is an error before anything is done.
"""

from __future__ import annotations

from typing import Any

from replaying.golden import Golden, Unlike
from replaying.refusing import check, refuse
from replaying.trace import Call

PATHS = ("calls[*]", "steps[*]", "notifications[*]")

PREPARING = ("ActivateLayer", "PrepareLayer", "GetLayerMountPath", "GetLayerMountPath")
CLEARING_UP = ("UnprepareLayer", "DeactivateLayer")


def rewrite(golden: Golden) -> None:
    """Leave out what the service does itself for a machine of its own."""
    for number, step in enumerate(golden.steps):
        conf = step.get("conf") or {}
        if step["op"] == "new" and conf.get("useHyperV") and conf.get("layers"):
            if has_utility_vm(golden.scenario, conf["layers"]):
                check(golden)
                _leave_out(golden, step["id"])
            else:
                refuse(golden, number, "InvalidSpec")


def has_utility_vm(scenario: dict[str, Any], layers: list[str]) -> bool:
    """Whether a layer has the folder, by what the scenario makes first."""
    setup = scenario["setup"]
    there = [path.lower() for path in (*setup["dirs"], *setup["files"])]
    images = [f"{layer}\\UtilityVM".lower() for layer in layers]
    return any(path == image or path.startswith(f"{image}\\") for image in images for path in there)


def _leave_out(golden: Golden, id: str) -> None:
    """Take out the calls about one container's layer, and about that of its servicing."""
    for each in (id, f"{id}_servicing"):
        sandboxes = [call for call in golden.named("CreateSandboxLayer") if call.args["id"] == each]
        for sandbox in sandboxes:
            volume = _take_out(golden, PREPARING, sandbox)
            _without_volume(golden, each, volume)
            _take_out(golden, CLEARING_UP, sandbox)


def _take_out(golden: Golden, fns: tuple[str, ...], sandbox: Call) -> object:
    """Take out these calls, each of which must have gone well; what the last one gave."""
    about = {key: sandbox.args[key] for key in ("info", "id")}
    volume: object = None
    wanted = iter(fns)
    for call in golden.after(sandbox):
        if call.fn in fns and {key: call.args[key] for key in about} == about:
            if call.fn != next(wanted, None) or not call.succeeded:
                raise Unlike(f"call {call.origin} is {call.fn} {call.hr}, which is not its turn")
            volume = call.out.get("path", volume)
            golden.take_out(call)
    return volume


def _without_volume(golden: Golden, id: str, volume: object) -> None:
    for call in golden.named("HcsCreateComputeSystem"):
        document = call.args["configuration"]
        assert isinstance(document, dict)
        if call.args["id"] == id and document.pop("VolumePath", None) != volume:
            raise Unlike(f"call {call.origin}: VolumePath is not what was asked for")
