"""Bind mounts that can only be taken from the host before other namespaces are entered.

To show files with other owners takes privileges in the user namespace of their file system, which
a container's own has not; what its root may not look for, as below a directory of its owner's
alone, has to be found before; and what is mounted by the container shows on the host only through
a mount that was never cut off from it.
"""

from __future__ import annotations

import os
import stat

from cloche_linux.blueprint.mount_checks import is_bind, is_translated
from cloche_linux.blueprint.options import parse
from cloche_linux.idmaps import requested_maps
from cloche_linux.kernel import Namespace, Propagation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.spec import Mount, Spec
    from cloche_linux.blueprint.extras import Extras
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.blueprint.options import MountOptions
    from cloche_linux.plan import Plan
    from cloche_linux.steps import Extra

__all__ = ["clone_trees", "is_link_to_copy", "open_places", "source_of"]

_SHARED = ("shared", "rshared")


def open_places(extras: Extras, spec: Spec, namespaces: Namespaces) -> Mapping[int, Extra]:
    """Open a descriptor for each such mount, by its number: a user namespace to translate by, or
    one that only keeps the place."""
    places: dict[int, Extra] = {}
    for number, mount in enumerate(spec.mounts or ()):
        if is_link_to_copy(mount):
            continue
        if is_translated(mount):
            places[number] = _translation(extras, mount, namespaces)
        elif _is_peer(mount, spec, namespaces) or _is_out_of_reach(mount, namespaces):
            places[number] = extras.open(os.devnull)
    return places


def clone_trees(
    plan: Plan,
    spec: Spec,
    places: Mapping[int, Extra],
    namespaces: Namespaces,
    propagation: Propagation,
) -> None:
    """Keep the trees that :meth:`~cloche_linux.plan.Plan.bind` is to show, in their places.

    ``propagation`` is what mounts of the host have in the container unless they are to be peers.
    """
    for number, place in places.items():
        mount = (spec.mounts or ())[number]
        if not is_bind(mount):
            continue
        options = parse(mount.options or ())
        translated = is_translated(mount)
        peer = not translated and _is_peer(mount, spec, namespaces)
        source = source_of(mount, options)
        info = os.lstat(source)
        plan.origin = f"mounts[{number}]"
        plan.clone_tree(
            source,
            place,
            recursive=options.recursive,
            attributes=options.attributes,
            clear=options.clear,
            recursive_attributes=options.deep_at_once,
            propagation=Propagation.KEEP if peer else propagation,
            idmap=translated,
            recursive_idmap=options.recursive_idmap,
            identity=(info.st_dev, info.st_ino),
            open_link=options.open_link,
        )
    plan.origin = ""


def source_of(mount: Mount, options: MountOptions) -> str:
    """What a bind mount shows, by a path without links; the last part may be one that is meant."""
    source = mount.source or ""
    if not options.open_link:
        return os.path.realpath(source)
    above, name = os.path.split(source.rstrip("/"))
    return os.path.join(os.path.realpath(above), name)


def is_link_to_copy(mount: Mount) -> bool:
    """Tell whether nothing is mounted, but a link made that says what the source does."""
    return "copy-symlink" in (mount.options or ()) and os.path.islink(mount.source or "")


def _translation(extras: Extras, mount: Mount, namespaces: Namespaces) -> Extra:
    """The mount's own maps, else those of the user namespace that is joined or to be made."""
    from cloche_linux.user_namespaces import user_namespace

    if parse(mount.options or ()).maps:
        from cloche_linux.blueprint.translations import named_maps

        return extras.take(user_namespace(named_maps(mount, namespaces.maps, "mounts")))
    if mount.uid_mappings or mount.gid_mappings:
        return extras.take(user_namespace(requested_maps(mount.uid_mappings, mount.gid_mappings)))
    for kind, path in namespaces.joined:
        if kind is Namespace.USER:
            return extras.open(path)
    assert namespaces.maps is not None
    return extras.take(user_namespace(namespaces.maps))


def _is_peer(mount: Mount, spec: Spec, namespaces: Namespaces) -> bool:
    """Whether what is mounted inside shows on the host: only where the root is to be shared, too.

    Never from a user namespace of the container's own, whose root is not the host's.
    """
    shared = spec.linux is not None and spec.linux.rootfs_propagation in _SHARED
    asked = not frozenset(_SHARED).isdisjoint(mount.options or ())
    return shared and asked and is_bind(mount) and not namespaces.has_own(Namespace.USER)


def _is_out_of_reach(mount: Mount, namespaces: Namespaces) -> bool:
    """Whether root of the container's own user namespace may not look for the source."""
    maps = namespaces.maps
    if not is_bind(mount) or maps is None or maps.single:
        return False
    uid, gid = maps.uids[0].outside, maps.gids[0].outside
    above = source_of(mount, parse(mount.options or ()))
    while above != "/":
        above = os.path.dirname(above)
        if not _may_search(os.stat(above), uid, gid):
            return True
    return False


def _may_search(directory: os.stat_result, uid: int, gid: int) -> bool:
    if directory.st_uid == uid:
        return bool(directory.st_mode & stat.S_IXUSR)
    group = directory.st_gid == gid
    return bool(directory.st_mode & (stat.S_IXGRP if group else stat.S_IXOTH))
