"""Servicing containers in golden traces: made while another container is removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from replaying.golden import Golden
from replaying.trace import Call

__all__ = ["Servicing", "servicings"]

SUFFIX = "_servicing"


@dataclass(frozen=True)
class Servicing:
    """One of them."""

    step: int
    id: str
    sandbox: Call
    created: Call
    #: Its handle; None if it could not be made.
    system: str | None
    #: The call with which its handles begin to be released.
    closing: Call | None
    vm: bool


def servicings(golden: Golden) -> Iterator[Servicing]:
    """All that a trace has."""
    for number, step in enumerate(golden.steps):
        if step["op"] == "remove":
            for created in golden.of_step(number, "HcsCreateComputeSystem"):
                if str(created.args["id"]).endswith(SUFFIX):
                    yield _servicing(golden, number, created)


def _servicing(golden: Golden, step: int, created: Call) -> Servicing:
    system = created.out.get("computeSystem")
    document = created.args["configuration"]
    assert isinstance(document, dict)
    sandboxes = golden.of_step(step, "CreateSandboxLayer")
    return Servicing(
        step=step,
        id=str(created.args["id"]),
        sandbox=next(each for each in sandboxes if each.args["id"] == created.args["id"]),
        created=created,
        system=None if system is None else str(system),
        closing=_closing(golden, step, system),
        vm=document.get("HvPartition") is True,
    )


def _closing(golden: Golden, step: int, system: object) -> Call | None:
    for registered in golden.of_step(step, "HcsRegisterComputeSystemCallback"):
        if registered.args["computeSystem"] == system:
            callback = registered.out.get("callbackHandle")
            for call in golden.of_step(step, "HcsUnregisterComputeSystemCallback"):
                if call.args["callbackHandle"] == callback:
                    return call
    return None
