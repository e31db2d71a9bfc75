"""The steps that make a container's root: an overlay, or a directory as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec
from cloche_linux.kernel import Attribute, Propagation

if TYPE_CHECKING:
    from cloche.layers import RootFilesystem
    from cloche.spec import Linux
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.plan import Plan

__all__ = ["add_root", "overlay_options", "propagate_root"]

_PROPAGATION = {
    None: Propagation.PRIVATE,
    "private": Propagation.PRIVATE,
    "rprivate": Propagation.PRIVATE,
    "slave": Propagation.SLAVE,
    "rslave": Propagation.SLAVE,
    "shared": Propagation.SLAVE,
    "rshared": Propagation.SLAVE,
    "unbindable": Propagation.PRIVATE,
    "runbindable": Propagation.PRIVATE,
}

#: What the root is to be once it is entered; before, it could not be.
_ENTERED = {"shared": Propagation.SHARED, "unbindable": Propagation.UNBINDABLE}


def add_root(
    plan: Plan,
    root: RootFilesystem,
    linux: Linux,
    namespaces: Namespaces,
    names: str | None,
    *,
    in_place: bool = False,
) -> None:
    """Cut the mounts off from the host's and make the root, not yet entered.

    ``names`` is a layer above the root's own. ``in_place``: a root that is a directory is found by
    its path until it is entered, and not by nobody but the helper.
    """
    plan.propagation(_propagation(linux))
    memory = root.info.get("memory")
    if isinstance(memory, int):
        plan.scratch(memory)
    if root.form == "overlay":
        plan.root_overlay(
            [*([names] if names else []), *root.layers],
            _text(root, "upper"),
            _text(root, "work"),
            scratch=memory is not None,
            options=overlay_options(namespaces),
            attributes=Attribute.NODEV,
        )
    elif root.form == "path" and root.path:
        attach = root.path if in_place else "/"
        plan.root_bind(root.path, attributes=Attribute.NODEV, attach=attach)
    else:
        raise InvalidSpec(f"this runtime takes no roots of the form {root.form}", path="root")


def propagate_root(plan: Plan, linux: Linux) -> None:
    """Give the root that was entered the propagation that only such a root can have."""
    wanted = linux.rootfs_propagation or ""
    propagation = _ENTERED.get(wanted) or _ENTERED.get(wanted.removeprefix("r"))
    if propagation is not None:
        plan.remount("/", propagation=propagation, recursive=wanted not in _ENTERED)


def overlay_options(namespaces: Namespaces) -> list[tuple[str, str | None]]:
    """Options for every overlay of ours.

    ``volatile``: changes never outlive their container, so nothing need be flushed for them. In a
    user namespace overlay keeps its notes in user xattrs (kernel 5.11).
    """
    inside = namespaces.in_user_namespace
    return [("userxattr", None)] if inside else [("volatile", None)]


def _propagation(linux: Linux) -> Propagation:
    try:
        return _PROPAGATION[linux.rootfs_propagation]
    except KeyError:
        raise InvalidSpec(
            f"no such propagation: {linux.rootfs_propagation}", path="linux.rootfsPropagation"
        ) from None


def _text(root: RootFilesystem, key: str) -> str | None:
    value = root.info.get(key)
    return value if isinstance(value, str) else None
