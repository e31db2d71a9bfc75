"""What group a container is to have: its name, and the limits that need it."""

from __future__ import annotations

import os

from cloche_linux import cgroups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from cloche.runtime import CreateRequest
    from cloche.spec import Linux, LinuxDeviceCgroup, LinuxResources
    from cloche_linux.cgroups import GroupPlan
    from cloche_linux.systemd.unit import UnitPlan

__all__ = ["group_name", "planned"]

#: So much of an id leaves room in the name of a directory.
_NAMED = 200


def planned(request: CreateRequest) -> GroupPlan | None:
    """Decide which group a new container needs; raises for limits that can't be had."""
    linux = request.spec.linux
    if linux is None:
        return None
    alone = any(each.type == "pid" and not each.path for each in linux.namespaces or ())
    systemd = request.cgroup_manager == "systemd"
    whole = systemd or linux.cgroups_path is not None or _is_shown(request)
    if request.cgroup_manager == "disabled" or (linux.resources is None and alone and not whole):
        return None
    from cloche_linux.programs import PROGRAMS

    return cgroups.plan(
        _resources(linux),
        id=group_name(request.id, request.state),
        path=None if systemd else linux.cgroups_path,
        along=True,
        # Without a pid namespace of its own only the group says which processes are its own.
        need_freezer=not alone,
        everywhere=whole,
        unenforced=request.unenforced,
        programs=PROGRAMS,
        unit=_unit(request) if systemd else None,
        documented=request.bundle is not None,
        droppable=request.bundle is None,
    )


def group_name(id: str, state: Path | str) -> str:
    """Name a container's group after the container and its directory: ids are used again elsewhere.

    Nobody else's group is found by such a name, also not while ours is noted and not yet made.
    """
    try:
        place = os.stat(state)
    except (FileNotFoundError, NotADirectoryError):
        return id  # it is only asked whether there could be a group
    return f"{id[:_NAMED]}@{place.st_dev:x}.{place.st_ino:x}"


def _is_shown(request: CreateRequest) -> bool:
    """Whether a bundle's container sees its groups: what is changed later is to be seen, too.

    Not where a scheduler is asked for: a group of v1 that is made by the way has no real time.
    """
    if request.spec.process is None or request.spec.process.scheduler is not None:
        return False
    mounts = request.spec.mounts or () if request.bundle is not None else ()
    return any(mount.type in {"cgroup", "cgroup2"} for mount in mounts)


def _unit(request: CreateRequest) -> UnitPlan:
    from cloche_linux.systemd.unit import plan_unit

    return plan_unit(request.spec, request.id)


def _resources(linux: Linux) -> LinuxResources | None:
    """What to enforce: in a user namespace no device can be made, so only shown ones need rules."""
    from cloche_linux.privileges import privileges

    resources, rights = linux.resources, privileges()
    nested = rights.rootless or rights.mapped
    if resources is None or not resources.devices or not nested:
        return resources
    free = {(rule.major, rule.minor) for rule in resources.devices if _is_free(rule)}
    shown = {(device.major, device.minor) for device in linux.devices or ()}
    return resources if shown - free else resources.replace(devices=None)


def _is_free(rule: LinuxDeviceCgroup) -> bool:
    from cloche_linux.cgroups.devices import access_of

    return rule.allow and {*"rwm"} <= {*access_of(rule)}
