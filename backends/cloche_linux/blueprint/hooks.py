"""The steps that run hooks inside: what the helper does, with its own rights at that moment."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.runtime import CreateRequest
    from cloche.spec import Hook
    from cloche_linux.plan import Plan

_STATUS = {"createContainer": "creating", "startContainer": "created"}

__all__ = ["add_hooks_of_creation", "add_hooks_of_start", "look_at_root"]


def look_at_root(request: CreateRequest) -> bool:
    """Say whether a hook looks for the container's root by the path that its bundle has for it."""
    hooks = request.spec.hooks
    if hooks is None or not request.pivot:
        return False
    # Those of the runtime's namespaces may enter the container's mounts, to add some to its root.
    return bool(hooks.prestart or hooks.create_runtime or hooks.create_container)


def add_hooks_of_creation(plan: Plan, request: CreateRequest) -> None:
    """What is done from outside, then the hooks of the container's namespaces by the helper.

    From outside devices are moved, and the hooks of the runtime's namespaces run. Those of the
    helper are programs of the host all the same (runtime-spec, "createContainer Hooks").
    """
    hooks, linux = request.spec.hooks, request.spec.linux
    devices = linux is not None and linux.net_devices
    if devices or (hooks is not None and (hooks.prestart or hooks.create_runtime)):
        plan.hooks_by_parent()
    if hooks is not None:
        here = [f"{name}={value}" for name, value in os.environ.items()]
        _add(plan, request, "createContainer", hooks.create_container, here)


def add_hooks_of_start(plan: Plan, request: CreateRequest, environment: Sequence[str]) -> None:
    """Hooks that are programs of the container's own, as confined as the command after them.

    ``environment`` is the command's, and theirs unless they say another.
    """
    hooks = request.spec.hooks
    if hooks is not None:
        _add(plan, request, "startContainer", hooks.start_container, environment)


def _add(
    plan: Plan,
    request: CreateRequest,
    kind: str,
    hooks: Sequence[Hook] | None,
    environment: Sequence[str],
) -> None:
    if not hooks:
        return
    from cloche_linux.hooks import state_around

    for number, hook in enumerate(hooks):
        plan.origin = f"{kind} hook #{number}"
        plan.hook(
            hook.path,
            hook.args or (hook.path,),
            environment if hook.env is None else hook.env,
            state_around(request, _STATUS[kind]),
            hook.timeout or 0,
        )
    plan.origin = ""
