"""The steps that make a container's root: an overlay, or a directory as it is."""

from __future__ import annotations

from cloche.errors import InvalidSpec
from cloche_linux.blueprint.labels import label_of_files
from cloche_linux.kernel import Attribute, Propagation
from cloche_linux.mountinfo import points_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.layers import RootFilesystem
    from cloche.spec import Linux, Spec
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.plan import Plan

__all__ = ["add_root", "enter_root", "overlay_options", "propagate_root", "root_propagation"]

#: What the root is to be once it is entered; before, it could not be.
_ENTERED = {"shared": Propagation.SHARED, "unbindable": Propagation.UNBINDABLE}
_LISTENING = frozenset({"slave", "rslave", "shared", "rshared"})


def add_root(
    plan: Plan,
    root: RootFilesystem,
    spec: Spec,
    namespaces: Namespaces,
    names: str | None,
    *,
    in_place: bool = False,
) -> None:
    """Cut the mounts off from the host's and make the root, not yet entered.

    ``names`` is a layer above the root's own. ``in_place``: a root that is a directory is found by
    its path until it is entered, and not by nobody but the helper.
    """
    if namespaces.shares_mounts:
        _add_shared_root(plan, root, spec)
        return
    plan.propagation(root_propagation(spec))
    memory = root.info.get("memory")
    if isinstance(memory, int):
        plan.scratch(memory)
    if root.form == "overlay":
        label = label_of_files(spec)
        plan.origin = "linux.mountLabel" if label else ""
        plan.root_overlay(
            [*([names] if names else []), *root.layers],
            _text(root, "upper"),
            _text(root, "work"),
            scratch=memory is not None,
            options=[*overlay_options(namespaces), *([("context", label)] if label else [])],
            attributes=Attribute.NODEV,
        )
        plan.origin = ""
    elif root.form == "path" and root.path:
        attach = root.path if in_place else "/"
        plan.root_bind(root.path, attributes=Attribute.NODEV, attach=attach)
    else:
        raise InvalidSpec(f"this runtime takes no roots of the form {root.form}", path="root")


def _add_shared_root(plan: Plan, root: RootFilesystem, spec: Spec) -> None:
    """Among the host's mounts, and over its own place: one that can be taken away as a whole.

    What is mounted in it stays in this mount namespace, whatever the host's root is.
    """
    if root.form != "path" or not root.path:
        raise InvalidSpec(
            "among the mounts of the host a root is a directory", path="linux.namespaces"
        )
    plan.root_bind(
        root.path,
        attributes=Attribute.NODEV,
        attach=root.path,
        propagation=root_propagation(spec),
    )


def root_propagation(spec: Spec) -> Propagation:
    """What mounts of the host are in the container: cut off, or told of what changes there.

    The latter is what ``slave`` and ``shared`` of single mounts take, unless the root is to be
    private.
    """
    wanted = spec.linux.rootfs_propagation if spec.linux is not None else None
    if wanted is not None:
        return Propagation.SLAVE if wanted in _LISTENING else Propagation.PRIVATE
    for mount in spec.mounts or ():
        if not _LISTENING.isdisjoint(mount.options or ()):
            return Propagation.SLAVE
    return Propagation.PRIVATE


def enter_root(plan: Plan, namespaces: Namespaces, *, pivot: bool) -> None:
    """Enter the root, or where it can't be the namespace's own, stand in front of all others."""
    covering = not pivot and not namespaces.shares_mounts
    plan.pivot(
        really=pivot and not namespaces.shares_mounts,
        revealing=points_of({"proc", "sysfs"}) if covering else (),
    )


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


def _text(root: RootFilesystem, key: str) -> str | None:
    value = root.info.get(key)
    return value if isinstance(value, str) else None
