"""The steps that mount what a specification lists."""

from __future__ import annotations

import os

from cloche_linux.blueprint.groups import add_groups
from cloche_linux.blueprint.mount_checks import is_bind, place_of
from cloche_linux.blueprint.options import MountOptions, parse
from cloche_linux.blueprint.root import overlay_options
from cloche_linux.blueprint.trees import is_link_to_copy, source_of
from cloche_linux.kernel import Attribute, Namespace, Propagation
from cloche_linux.mountinfo import mount_points, points_beneath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloche.spec import Mount
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.plan import Plan
    from cloche_linux.steps import Extra

__all__ = ["add_mounts", "add_read_only"]

_HIDDEN_IN = frozenset({"proc", "sysfs"})
_DIRECTORIES = frozenset({"lowerdir", "upperdir", "workdir"})


def add_mounts(
    plan: Plan,
    mounts: Sequence[Mount],
    namespaces: Namespaces,
    groups: Sequence[str] = (),
    places: Mapping[int, Extra] | None = None,
) -> None:
    """Mount in the order given, each beneath the root whatever links it holds.

    ``groups`` are the directories of the container's control group. ``places``: descriptors of
    mounts that have one, by their number (:mod:`cloche_linux.blueprint.trees`); None for mounts
    that are not the specification's.
    """
    for number, mount in enumerate(mounts):
        plan.origin = "" if places is None else f"mounts[{number}]"
        place = (places or {}).get(number)
        options = parse(mount.options or ())
        if options.remount:
            _change(plan, mount, options)
        elif is_bind(mount):
            _bind(plan, mount, options, place)
        elif mount.type == "overlay":
            _overlay(plan, mount, options, namespaces, ours=places is None)
        elif mount.type == "sysfs" and not namespaces.may_mount_sys:
            _bind_sys(plan, mount, options, namespaces)
        elif mount.type in {"cgroup", "cgroup2"}:
            add_groups(plan, mount, options, namespaces, groups)
        else:
            _fresh(plan, mount, options, namespaces, place)
    plan.origin = ""


def add_read_only(plan: Plan, mounts: Sequence[Mount]) -> None:
    """Close those in memory that are to be read-only, once all that belongs there is made."""
    for number, mount in enumerate(mounts):
        if _closes_late(mount) and not _is_hidden(mounts, number):
            plan.origin = f"mounts[{number}]"
            plan.remount(mount.destination, attributes=Attribute.RDONLY)
    plan.origin = ""


def _closes_late(mount: Mount) -> bool:
    options = parse(mount.options or ())
    read_only = bool(options.attributes & Attribute.RDONLY)
    return mount.type == "tmpfs" and read_only and not options.remount and not is_bind(mount)


def _is_hidden(mounts: Sequence[Mount], number: int) -> bool:
    place = place_of(mounts[number])
    return any(place_of(later) == place for later in mounts[number + 1 :])


def _change(plan: Plan, mount: Mount, options: MountOptions) -> None:
    """Change what is mounted there; with ``bind`` that is the mount and not its file system."""
    plan.remount(
        mount.destination,
        options=[] if is_bind(mount) else _own(options),
        attributes=options.attributes,
        clear=options.clear,
    )
    _finish(plan, mount, options)


def _bind(plan: Plan, mount: Mount, options: MountOptions, tree: Extra | None) -> None:
    """Show something with the attributes it is to have from its first moment on.

    Only if some are to be all mounts' and others the topmost one's, it takes a second step, by
    path: whoever shares the directory above may have moved the mount away by then.
    """
    if is_link_to_copy(mount):
        plan.symlink(place_of(mount), os.readlink(mount.source or ""), exact=True)
        return
    source = source_of(mount, options)
    info = os.lstat(source)
    propagation, deep = (options.propagations or ((Propagation.KEEP, False),))[0]
    plan.bind(
        source,
        mount.destination,
        recursive=options.recursive,
        attributes=options.attributes,
        clear=options.clear,
        recursive_attributes=options.deep_at_once,
        identity=(info.st_dev, info.st_ino),
        propagation=propagation,
        recursive_propagation=deep,
        tree=tree,
        open_link=options.open_link,
        on_link=options.on_link,
    )
    _finish(plan, mount, options, done=0 if tree is not None else 1)


def _finish(plan: Plan, mount: Mount, options: MountOptions, done: int = 0) -> None:
    """What takes further steps; ``done`` of the propagations are there already."""
    deep = options.deep_attributes, options.deep_clear
    if any(deep) and not options.deep_at_once:
        plan.remount(mount.destination, attributes=deep[0], clear=deep[1], recursive=True)
    for propagation, recursive in options.propagations[done:]:
        plan.remount(mount.destination, propagation=propagation, recursive=recursive)


def _overlay(
    plan: Plan, mount: Mount, options: MountOptions, namespaces: Namespaces, *, ours: bool
) -> None:
    """An overlay at a place of the container's, its directories the host's.

    Changes in directories of ours go with the container; others are as durable as they are asked
    to be.
    """
    scratch = ours and ("scratch", None) in options.own
    left_out = {*_DIRECTORIES, "scratch"} if ours else _DIRECTORIES
    own = [option for option in _own(options) if option[0] not in left_out]
    if ours or namespaces.has_own(Namespace.USER):
        own += [option for option in overlay_options(namespaces) if option not in own]
    plan.overlay(
        mount.destination,
        options.values.get("lowerdir", "").split(":"),
        options.values.get("upperdir"),
        options.values.get("workdir"),
        scratch=scratch,
        options=own,
        attributes=options.attributes,
    )
    _finish(plan, mount, options)


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


def _fresh(
    plan: Plan,
    mount: Mount,
    options: MountOptions,
    namespaces: Namespaces,
    idmap: Extra | None,
) -> None:
    own = [(name, value) for name, value in _own(options) if _applies(name, value, namespaces)]
    source, attributes = mount.source or "", options.attributes
    if source.startswith("/") and attributes & Attribute.RDONLY:
        own.append(("ro", None))  # a device may not even be opened for writing
    if _closes_late(mount):
        attributes &= ~Attribute.RDONLY
    memory = mount.type == "tmpfs"
    plan.mount(
        mount.type or "",
        mount.destination,
        source,
        options=own,
        attributes=attributes,
        idmap=idmap,
        copy_mode=memory and "mode" not in options.values,
        copy_up=options.copy_up,
        # What is hidden of these two is looked for by their paths.
        links=mount.type not in _HIDDEN_IN,
    )
    _finish(plan, mount, options)


def _own(options: MountOptions) -> list[tuple[str, str | None]]:
    return [*options.own, *((name, None) for name in options.superblock)]


def _applies(name: str, value: str | None, namespaces: Namespaces) -> bool:
    """Leave out an owner that the user namespace can't name (``gid=5`` of a single map)."""
    if name not in {"uid", "gid"} or namespaces.maps is None:
        return True
    return value is not None and value.isdecimal() and namespaces.maps.has_gid(int(value))
