"""The steps that show a container its control groups."""

from __future__ import annotations

import os

from cloche_linux.cgroups.layout import detect
from cloche_linux.kernel import Attribute, Namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.spec import Mount
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.blueprint.options import MountOptions
    from cloche_linux.cgroups.layout import Hierarchy
    from cloche_linux.plan import Plan
    from cloche_linux.setup_steps import Option

__all__ = ["add_groups"]


def add_groups(
    plan: Plan,
    mount: Mount,
    options: MountOptions,
    namespaces: Namespaces,
    groups: Sequence[str],
) -> None:
    """Mount the hierarchies: cgroup2 alone, or each of v1 in a directory of its own.

    With a cgroup namespace each begins where the container is; without, only the container's own
    directory of each is shown, which is its maker's where it has no group.
    Source: runtime-spec, config.md ("mounts"), and what runc does.
    """
    hierarchies = [each for each in detect().hierarchies if each.version == 1]
    if mount.type == "cgroup2" or not hierarchies:
        _add_unified(plan, mount.destination, options, namespaces)
        return
    plan.mount(
        "tmpfs",
        mount.destination,
        "tmpfs",
        options=[("mode", "755")],
        attributes=options.attributes & ~Attribute.RDONLY,
    )
    for hierarchy in hierarchies:
        _add(plan, mount.destination, hierarchy, options, namespaces, groups)
    if options.attributes & Attribute.RDONLY:
        plan.remount(mount.destination, attributes=Attribute.RDONLY)


def _add_unified(
    plan: Plan, destination: str, options: MountOptions, namespaces: Namespaces
) -> None:
    """Mount cgroup2, or show the machine's where that may not be.

    From a user namespace only a cgroup namespace of its own can be mounted (EPERM).
    """
    unified, attributes = detect().unified, options.attributes
    others = namespaces.maps is not None and not namespaces.has_own(Namespace.CGROUP)
    if others and unified is not None:
        plan.bind(unified.mount, destination, recursive=False, attributes=attributes)
    else:
        plan.mount("cgroup2", destination, "cgroup", attributes=attributes)


def _add(
    plan: Plan,
    destination: str,
    hierarchy: Hierarchy,
    options: MountOptions,
    namespaces: Namespaces,
    groups: Sequence[str],
) -> None:
    name = os.path.basename(hierarchy.mount)
    target = f"{destination}/{name}"
    if namespaces.has_own(Namespace.CGROUP):
        words = [each.partition("=") for each in sorted(hierarchy.controllers)]
        own: list[Option] = [("none", None)] if all(mark for _, mark, _ in words) else []
        own += [(word, value or None) for word, _, value in words]
        plan.mount("cgroup", target, "cgroup", options=own, attributes=options.attributes)
    else:
        within = [each for each in groups if each.startswith(f"{hierarchy.mount}/")]
        shown = within[0] if within else hierarchy.own
        plan.bind(shown, target, recursive=False, attributes=options.attributes)
    for word in hierarchy.controllers - {name}:
        if "=" not in word:
            plan.symlink(f"{destination}/{word}", name)
