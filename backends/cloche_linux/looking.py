"""Plans that look and end: a container's root directory, and what this kernel can do."""

from __future__ import annotations

import os

from cloche_linux.kernel import Namespace
from cloche_linux.plan import Plan
from cloche_linux.spawn import spawn
from cloche_linux.steps import Extra


def open_root(pidfd: int, namespaces: int) -> int:
    """Return an O_PATH descriptor of a container's root directory, for file access from here.

    ``pidfd`` is any process of it; ``namespaces`` are MOUNT, with USER for one that has its own.
    The descriptor is the caller's. Raises StepFailed.
    """
    plan = Plan()
    plan.join_process(Extra(0), namespaces)
    plan.send_root()
    with spawn(plan.encode(), extras=[pidfd], new_pid_namespace=False) as child:
        (root,) = child.packets()
    return root.fd


def probe(*, user_namespace: bool) -> dict[str, int]:
    """Try in a child what plans need of this kernel; returns an errno by name of the ability.

    0 means that it works. With ``user_namespace`` everything is tried in a new one, as for
    containers without root. Raises StepFailed if not even that can be had.
    """
    plan = Plan()
    if user_namespace:
        plan.unshare(Namespace.USER)
        plan.map_self(os.geteuid(), os.getegid())
        plan.fork(new_pid_namespace=True)
    plan.probe()
    with spawn(plan.encode(), new_pid_namespace=not user_namespace) as child:
        return {packet.path: packet.error for packet in child.packets() if packet.path}
