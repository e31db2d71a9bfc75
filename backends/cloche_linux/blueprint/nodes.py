"""Devices for a user namespace of a container's own, where nobody may make any.

They are made in the container's private directory, by who may, and shown there: with the mode and
the owner that are asked for, and also where this machine has none of that number.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from cloche_linux.blueprint.devices import wanted_nodes
from cloche_linux.idmaps import outside_of
from cloche_linux.kernel import Attribute, Propagation
from cloche_linux.privileges import privileges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.runtime import CreateRequest
    from cloche.spec import LinuxDevice
    from cloche_linux.blueprint.extras import Extras
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.plan import Plan
    from cloche_linux.steps import Extra

__all__ = ["keep_nodes", "make_nodes", "owner_here"]

_MKNOD = 27


def make_nodes(
    extras: Extras, request: CreateRequest, namespaces: Namespaces
) -> Mapping[int, Extra]:
    """Make those that can be made; a descriptor's place for each, by its number in the list.

    Those that are left out are to be shown from this machine. Raises OSError.
    """
    spec = request.spec
    devices = (spec.linux and spec.linux.devices) or ()
    nodes: dict[int, Extra] = {}
    for number, device, mode, which in wanted_nodes(devices, spec.mounts or ()):
        owner = None if stat.S_ISFIFO(mode) else owner_here(device, namespaces)
        if owner is not None:
            with suppress(PermissionError):  # a rule of ours for devices, or of this file system
                _make(_path(request, number), mode, which, owner)
                nodes[number] = extras.open(os.devnull)
    return nodes


def keep_nodes(plan: Plan, request: CreateRequest, nodes: Mapping[int, Extra]) -> None:
    """Keep each as a mount, in its place; before any other namespace is entered."""
    for number, place in nodes.items():
        plan.origin = f"linux.devices[{number}]"
        plan.clone_tree(
            _path(request, number),
            place,
            recursive=False,
            attributes=Attribute.NOSUID | Attribute.NOEXEC,
            clear=Attribute.NODEV,
            propagation=Propagation.PRIVATE,
        )
    plan.origin = ""


def owner_here(device: LinuxDevice, namespaces: Namespaces) -> tuple[int, int] | None:
    """The owner as this machine counts; None if we can't make it, or there nobody is that one."""
    rights, maps = privileges(), namespaces.maps
    if maps is None or rights.rootless or rights.mapped or not rights.has(_MKNOD):
        return None
    uid, gid = outside_of(device.uid or 0, maps.uids), outside_of(device.gid or 0, maps.gids)
    return None if uid is None or gid is None else (uid, gid)


def _path(request: CreateRequest, number: int) -> str:
    return f"{request.state}/device-{number}"


def _make(path: str, mode: int, number: int, owner: tuple[int, int]) -> None:
    """Nobody else may come to where it is, so it is never somebody's with another mode."""
    os.mknod(path, stat.S_IFMT(mode), number)
    os.chown(path, *owner)
    os.chmod(path, stat.S_IMODE(mode))
