"""Files that are written into the root, and the host name that is shown in it."""

from __future__ import annotations

from cloche_linux.kernel import Attribute, Namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.runtime import CreateRequest
    from cloche.spec import Spec
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.plan import Plan

__all__ = ["add_files", "show_hostname"]


def add_files(plan: Plan, request: CreateRequest) -> None:
    """Write what the request brings, over whatever is there."""
    for path, content in request.files:
        plan.file(path, content)


def show_hostname(plan: Plan, spec: Spec, namespaces: Namespaces) -> None:
    """Show the kernel's own word as /etc/hostname, unless a mount of the request is there."""
    mounted = {mount.destination for mount in spec.mounts or ()}
    if namespaces.has_own(Namespace.UTS) and "/etc/hostname" not in mounted:
        plan.bind(
            "/proc/sys/kernel/hostname",
            "/etc/hostname",
            recursive=False,
            attributes=Attribute.RDONLY,
        )
