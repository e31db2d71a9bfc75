"""User namespaces that nobody is in: they are there for their maps."""

from __future__ import annotations

import os

from cloche_linux.kernel import Namespace
from cloche_linux.launching import abandon
from cloche_linux.plan import Plan
from cloche_linux.spawn import spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche_linux.idmaps import IdMaps

__all__ = ["user_namespace"]

_LIMIT = 10.0


def user_namespace(maps: IdMaps) -> int:
    """Make a user namespace with these maps; the descriptor that keeps it is the caller's.

    A helper enters it, waits for the maps, and is ended. Raises OSError: EPERM without privileges,
    EINVAL for maps that the kernel does not take.
    """
    plan = Plan()
    plan.unshare(Namespace.USER)
    plan.map_by_parent()
    plan.idle()
    child = spawn(plan.encode(), new_pid_namespace=False)
    try:
        pid = child.wait_maps(_LIMIT)
        maps.write(pid)
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        abandon(child)
