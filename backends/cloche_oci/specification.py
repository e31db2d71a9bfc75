"""From our specification to the ``config.json`` that a foreign runtime reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.spec import Box, Mount, Root
from cloche_oci.roots import mounts_of

if TYPE_CHECKING:
    from cloche.layers import RootFilesystem
    from cloche.runtime import CreateRequest
    from cloche.spec import Linux, Process, Spec, User
    from cloche.stdio import Size
    from cloche_oci.bundle import Bundle
    from cloche_oci.keeper.staging import Maps

__all__ = ["INIT", "INSIDE", "config_of", "has_init", "process_of"]

#: The oldest version that has all we write: runtimes refuse what is newer than they are.
_VERSION = "1.0.2"
#: Our init on this machine, and where containers see it: in a file system that is theirs alone.
INIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_init")
INSIDE = "/dev/.cloche-init"
_FIRST_DESCRIPTOR = 3
_TO_NOBODY = "-1"


def has_init(request: CreateRequest, *, reports: bool = True) -> bool:
    """Whether the container's first process is our init: it reaps, forwards signals, can wait.

    Where it could not report what becomes of its program (``reports``), there is none but to wait.
    """
    return request.idle or (request.init and reports)


def config_of(
    request: CreateRequest,
    root: RootFilesystem,
    bundle: Bundle,
    user: User,
    terminal: Size | None,
    maps: Maps | None,
    group: str,
    *,
    reports: bool = True,
    whole: bool = False,
) -> Spec:
    """Write the whole configuration; ``group``: the path of its control group.

    ``reports``: an init of ours is given a descriptor to report to. ``whole``: its root comes with
    all that is mounted in it.
    """
    spec = request.spec
    assert spec.process is not None
    assert spec.linux is not None
    inside = maps is not None
    mounts = [*mounts_of(root, bundle, inside=inside, whole=whole), *(spec.mounts or ())]
    process = process_of(spec.process, user, terminal)
    if has_init(request, reports=reports):
        mounts.append(Mount.bind(INIT, INSIDE, read_only=True))
        process = process.replace(args=_under_init(request, process, reports))
    path = root.path if root.form == "path" else bundle.place("rootfs")
    assert path is not None
    return spec.replace(
        oci_version=_VERSION,
        process=process,
        root=(spec.root or Root(path=path)).replace(path=os.path.abspath(path)),
        mounts=tuple(mounts if maps is None else _possible(mounts, spec.linux, maps)),
        linux=_linux(spec.linux, group, maps),
    )


def process_of(process: Process, user: User, terminal: Size | None) -> Process:
    """Write a process: as numbers, with its terminal's size."""
    box = Box(height=terminal.height, width=terminal.width) if terminal else None
    return process.replace(
        user=user, terminal=True if terminal else None, console_size=box, command_line=None
    )


def _under_init(request: CreateRequest, process: Process, reports: bool) -> tuple[str, ...]:
    report = str(_FIRST_DESCRIPTOR + len(request.preserve_fds)) if reports else _TO_NOBODY
    return (INSIDE, report, *(() if request.idle else process.args or ()))


def _linux(linux: Linux, group: str, maps: Maps | None) -> Linux:
    """Name the control group ourselves, so that it is found whoever has died; not without root."""
    if maps is not None:
        return linux.replace(resources=None, cgroups_path=None)
    return linux.replace(cgroups_path=group)


def _possible(mounts: list[Mount], linux: Linux, maps: Maps) -> list[Mount]:
    """What may be mounted in a user namespace: no group that is not mapped, no foreign /sys."""
    own_network = any(space.type == "network" for space in linux.namespaces or ())
    return [_possible_mount(mount, own_network, maps) for mount in mounts]


def _possible_mount(mount: Mount, own_network: bool, maps: Maps) -> Mount:
    if mount.type == "sysfs" and not own_network:
        return Mount.bind("/sys", mount.destination, read_only=True)
    if mount.type == "devpts" and maps["programs"] is None:
        kept = (option for option in mount.options or () if not option.startswith("gid="))
        return mount.replace(options=tuple(kept))
    return mount
