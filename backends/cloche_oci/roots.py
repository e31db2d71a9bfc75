"""How a root comes to a foreign runtime: mounted in its keeper's mount namespace, first.

A layer store's overlay is directories only, meant to be mounted by the container itself; a foreign
runtime wants a root that is there. Mounted on the host it would stay behind when this process is
killed. In the keeper's own namespace it is seen by the runtime and the container, and goes with
them, whoever is killed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.defaults.names import files_of_names
from cloche.errors import InvalidSpec

if TYPE_CHECKING:
    from cloche.layers import RootFilesystem
    from cloche.spec import Mount, Spec
    from cloche_oci.bundle import Bundle
    from cloche_oci.keeper.staging import Overlay, Within

__all__ = ["mounts_of", "names_of_hosts", "overlay_of"]


def overlay_of(
    root: RootFilesystem, bundle: Bundle, spec: Spec, *, inside: bool, whole: bool = False
) -> Overlay | None:
    """Say what the keeper is to mount; None for a root that is a directory.

    ``inside``: in a user namespace, where overlay keeps its notes in user xattrs. ``whole``: with
    the overlays within it, which a runtime with a kernel of its own can't mount.
    Raises InvalidSpec for forms that this runtime does not take.
    """
    if root.form == "path" and root.path:
        return None
    if root.form != "overlay":
        raise InvalidSpec(f"this runtime takes no roots of the form {root.form}", path="root")
    memory = root.info.get("memory")
    scratch = bundle.place("scratch")
    upper, work = root.info.get("upper"), root.info.get("work")
    if isinstance(memory, int):
        upper, work = os.path.join(scratch, "root.upper"), os.path.join(scratch, "root.work")
    plain = [_plain(mount, bundle, inside) for mount in root.mounts]
    made = [str(upper), str(work)] if isinstance(memory, int) else []
    for place in (_scratch_places(bundle, mount) for mount in root.mounts):
        made += place
    return {
        "target": bundle.place("rootfs"),
        "links": bundle.place("links"),
        "layers": [names_of_hosts(bundle, spec), *root.layers],
        "upper": str(upper),
        "work": str(work),
        "options": ",userxattr" if inside else ",volatile",
        "scratch": scratch if isinstance(memory, int) else None,
        "size": memory if isinstance(memory, int) else 0,
        "make": made,
        "within": [_within(each) for each in plain if each.type == "overlay"] if whole else [],
    }


def _within(mount: Mount) -> Within:
    """An overlay in a root as the keeper mounts it; never with devices."""
    options = (option for option in mount.options or () if option != "nodev")
    return {"target": mount.destination, "options": ",".join(options)}


def mounts_of(
    root: RootFilesystem, bundle: Bundle, *, inside: bool, whole: bool = False
) -> tuple[Mount, ...]:
    """The mounts that belong to a root, in words that every runtime understands.

    ``whole``: but for those that come with the root (:func:`overlay_of`).
    """
    plain = (_plain(mount, bundle, inside) for mount in root.mounts)
    return tuple(each for each in plain if not (whole and each.type == "overlay"))


def _plain(mount: Mount, bundle: Bundle, inside: bool) -> Mount:
    if mount.type != "overlay":
        return mount
    options = [option for option in mount.options or () if option != "scratch"]
    places = _scratch_places(bundle, mount)
    if places:
        options += [f"upperdir={places[0]}", f"workdir={places[1]}"]
    return mount.replace(options=(*options, "userxattr" if inside else "volatile"))


def _scratch_places(bundle: Bundle, mount: Mount) -> list[str]:
    """Where an overlay whose changes live in memory has them; nothing for others."""
    if "scratch" not in (mount.options or ()):
        return []
    name = mount.destination.strip("/").replace("/", "-")
    return [bundle.place("scratch", f"{name}.{kind}") for kind in ("upper", "work")]


def names_of_hosts(bundle: Bundle, spec: Spec) -> str:
    """Make the topmost layer, with the names of hosts: nothing of the image's is written to."""
    spaces = (spec.linux and spec.linux.namespaces) or ()
    files = files_of_names(own_network=any(space.type == "network" for space in spaces))
    files["hostname"] = f"{spec.hostname or ''}\n".encode()
    etc = bundle.place("names", "etc")
    os.makedirs(etc)
    for name, content in files.items():
        with open(os.path.join(etc, name), "xb") as file:
            file.write(content)
        os.chmod(os.path.join(etc, name), 0o644)
    for directory in (os.path.dirname(etc), etc):
        os.chmod(directory, 0o755)  # noqa: S103 - a container's /etc; the umask is ours
    return os.path.dirname(etc)
