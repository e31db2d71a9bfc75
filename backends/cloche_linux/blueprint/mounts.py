"""The steps that mount what a specification lists."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec, NotFound
from cloche_linux.blueprint.groups import add_groups
from cloche_linux.blueprint.options import MountOptions, parse
from cloche_linux.blueprint.root import overlay_options
from cloche_linux.kernel import Namespace, Propagation
from cloche_linux.mountinfo import mount_points, points_beneath

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloche.spec import Mount
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.plan import Plan

__all__ = ["add_mounts", "check_mounts", "is_bind"]

_BINDING = frozenset({"bind", "rbind"})


def check_mounts(mounts: Iterable[Mount]) -> None:
    """Refuse mounts that can't work, before anything is made.

    Raises InvalidSpec, or NotFound for a source of this machine that is not there.
    """
    for number, mount in enumerate(mounts):
        where = f"mounts[{number}]"
        if not mount.destination.startswith("/"):
            raise InvalidSpec(
                f"a mount's destination is an absolute path, not {mount.destination}",
                path=f"{where}.destination",
            )
        if is_bind(mount):
            _check_source(mount, where)


def _check_source(mount: Mount, where: str) -> None:
    if not mount.source:
        raise InvalidSpec("a bind mount needs a source", path=f"{where}.source")
    try:
        os.stat(mount.source)
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else error.strerror
        raise NotFound(
            f"mount source {mount.source}: {reason}",
            hint=f"mkdir -p {mount.source}; Cloche never creates it",
        ) from error


def add_mounts(
    plan: Plan, mounts: Iterable[Mount], namespaces: Namespaces, groups: Sequence[str] = ()
) -> None:
    """Mount in the order given, each beneath the root whatever links it holds.

    ``groups`` are the directories of the container's control group.
    """
    for mount in mounts:
        options = parse(mount.options or ())
        if is_bind(mount):
            _bind(plan, mount, options)
        elif mount.type == "overlay":
            _overlay(plan, mount, options, namespaces)
        elif mount.type == "sysfs" and not namespaces.may_mount_sys:
            _bind_sys(plan, mount, options, namespaces)
        elif mount.type in {"cgroup", "cgroup2"}:
            add_groups(plan, mount, options, namespaces, groups)
        else:
            _fresh(plan, mount, options, namespaces)


def is_bind(mount: Mount) -> bool:
    """Tell whether a mount shows something of the host's, by its type or an option."""
    return mount.type == "bind" or not _BINDING.isdisjoint(mount.options or ())


def _bind(plan: Plan, mount: Mount, options: MountOptions) -> None:
    """Show something with the attributes it is to have from its first moment on.

    Only if some are to be all mounts' and others the topmost one's, it takes a second step, by
    path: whoever shares the directory above may have moved the mount away by then.
    """
    source = os.path.realpath(mount.source or "")
    info = os.stat(source)
    deep = bool(options.deep_attributes or options.deep_clear)
    at_once = (options.attributes, options.clear) == (options.deep_attributes, options.deep_clear)
    plan.bind(
        source,
        mount.destination,
        recursive=options.recursive,
        attributes=options.attributes,
        clear=options.clear,
        recursive_attributes=deep and at_once,
        identity=(info.st_dev, info.st_ino),
        propagation=Propagation.KEEP if options.deep_propagation else options.propagation,
    )
    if deep and not at_once:
        plan.remount(
            mount.destination,
            attributes=options.deep_attributes,
            clear=options.deep_clear,
            recursive=True,
        )
    if options.deep_propagation:
        plan.remount(mount.destination, propagation=options.propagation, recursive=True)


def _overlay(plan: Plan, mount: Mount, options: MountOptions, namespaces: Namespaces) -> None:
    """An overlay at a place of the container's, its directories the host's."""
    lowers = options.values.get("lowerdir", "").split(":")
    upper, work = options.values.get("upperdir"), options.values.get("workdir")
    plan.overlay(
        mount.destination,
        lowers,
        upper,
        work,
        scratch="scratch" in dict(options.own),
        options=overlay_options(namespaces),
        attributes=options.attributes,
    )


def _bind_sys(plan: Plan, mount: Mount, options: MountOptions, namespaces: Namespaces) -> None:
    """Show the host's /sys where the network is not the container's to show.

    In a user namespace it comes with all that is mounted beneath it, which can only be hidden.
    """
    along = namespaces.has_own(Namespace.USER)
    plan.bind(
        "/sys",
        mount.destination,
        recursive=along,
        attributes=options.attributes,
        recursive_attributes=along,
    )
    for point in points_beneath("/sys", mount_points()) if along else ():
        plan.mask(mount.destination + point.removeprefix("/sys"))


def _fresh(plan: Plan, mount: Mount, options: MountOptions, namespaces: Namespaces) -> None:
    own = [(name, value) for name, value in options.own if _applies(name, value, namespaces)]
    plan.mount(
        mount.type or "",
        mount.destination,
        mount.source or "",
        options=own,
        attributes=options.attributes,
        propagation=options.propagation,
    )


def _applies(name: str, value: str | None, namespaces: Namespaces) -> bool:
    """Leave out an owner that the user namespace can't name (``gid=5`` of a single map)."""
    if name not in {"uid", "gid"} or namespaces.maps is None:
        return True
    return value is not None and value.isdecimal() and namespaces.maps.has_gid(int(value))
