"""Processes from plans: the typed floor over the C extension, as one page of names.

Everything here may be called on any thread. This process is never forked: a thread of the extension
makes all children, and ends only with it.
"""

from __future__ import annotations

import errno
import os
import struct

from cloche_linux._native import ffi, lib
from cloche_linux.calls import (
    attach_device_program,
    check,
    detach_device_program,
    load_device_program,
    openat2,
)
from cloche_linux.child import Child
from cloche_linux.failures import ExecFailed, StepFailed
from cloche_linux.kernel import Namespace
from cloche_linux.packets import Packet
from cloche_linux.plan import Plan
from cloche_linux.steps import Extra

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Child",
    "ExecFailed",
    "Packet",
    "StepFailed",
    "attach_device_program",
    "detach_device_program",
    "load_device_program",
    "open_netlink",
    "open_root",
    "openat2",
    "probe",
    "spawn",
]

_CHILD = struct.Struct("<iii")


def spawn(
    plan: bytes,
    stdio: tuple[int | None, int | None, int | None] = (None, None, None),
    extras: Sequence[int] = (),
    *,
    new_pid_namespace: bool = True,
    cgroup: int | None = None,
) -> Child:
    """Spawn a helper on a plan; returns while it still sets up.

    ``stdio`` are descriptors of this process, duplicated, None meaning the null device; ``extras``
    are the further ones that the plan speaks of by place. ``new_pid_namespace`` is false for plans
    that join one or make it with ``fork``. ``cgroup`` is a cgroup2 directory to be born in. This
    process is not forked, and none of its other descriptors are seen by the helper.

    Raises OSError if no process could be made (EAGAIN: too many; EBADF: ``cgroup`` is not cgroup2).
    """
    descriptors = ffi.new("int[]", [*(-1 if fd is None else fd for fd in stdio), *extras])
    text = ffi.from_buffer("unsigned char[]", plan)
    request = ffi.new(
        "struct cloche_request *",
        (
            text,
            len(plan),
            descriptors,
            len(descriptors),
            new_pid_namespace,
            -1 if cgroup is None else cgroup,
        ),
    )
    made = ffi.new("struct cloche_child *")
    check(lib.cloche_spawn(request, made))
    return Child(*_CHILD.unpack(ffi.buffer(made)))


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


def open_netlink(pidfd: int) -> int:
    """Return a socket of rtnetlink in a container's network, for requests from here.

    ``pidfd`` is any process of it. The descriptor is the caller's. Raises StepFailed.
    """
    plan = Plan()
    plan.join_process(Extra(0), Namespace.NETWORK)
    plan.send_netlink()
    with spawn(plan.encode(), extras=[pidfd], new_pid_namespace=False) as child:
        (netlink,) = child.packets()
    return netlink.fd


def probe(*, user_namespace: bool) -> dict[str, int]:
    """Try in a child what plans need of this kernel; returns an errno by name of the ability.

    0 means that it works. With ``user_namespace`` everything is tried in a new one, as for
    containers without root. Where not even a child can be had, the only name is that of the step
    that failed.
    """
    plan = Plan()
    if user_namespace:
        plan.unshare(Namespace.USER)
        plan.map_self(os.geteuid(), os.getegid())
        plan.fork(new_pid_namespace=True)
    plan.probe()
    try:
        with spawn(plan.encode(), new_pid_namespace=not user_namespace) as child:
            packets = [packet for packet in child.packets() if packet.path]
    except StepFailed as error:
        return {f"{error.step.name.lower()} (user namespace)": error.errno or errno.EIO}
    except OSError as error:
        return {"clone3 (pid namespace)": error.errno or errno.EIO}
    return {packet.path: packet.error for packet in packets}


check(lib.cloche_use_helper(os.fsencode(os.path.join(os.path.dirname(__file__), "_helper"))))
