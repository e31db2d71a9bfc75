"""What is checked about a request before anything is made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.demands import runnable
from cloche.errors import InvalidSpec, NotFound, NotSupported, Unavailable
from cloche_oci.rootless import is_rootless
from cloche_oci.specification import INIT, has_init

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.runtime import CreateRequest
    from cloche.spec import Linux, Mount

__all__ = ["check_request"]

_LIMITS = ("memory", "cpu", "pids", "block_io", "hugepage_limits", "rdma", "unified")


def check_request(request: CreateRequest) -> Sequence[str]:
    """Refuse what can't work; returns the forms of root that are taken.

    Raises InvalidSpec, NotFound for a source of a mount, NotSupported, Unavailable.
    """
    spec = request.spec
    linux, _ = runnable(request)
    for number, mount in enumerate(spec.mounts or ()):
        _check_mount(mount, f"mounts[{number}]")
    if has_init(request) and not os.access(INIT, os.X_OK):
        raise Unavailable(
            "the init of OCI containers was not compiled",
            remedy="install Cloche again, from a wheel",
            backend="oci",
        )
    if is_rootless():
        _check_rootless(request, linux)
    return ("overlay", "path")


def _check_mount(mount: Mount, where: str) -> None:
    if not mount.destination.startswith("/"):
        raise InvalidSpec(
            f"a mount's destination is an absolute path, not {mount.destination}",
            path=f"{where}.destination",
        )
    if mount.type != "bind" and {"bind", "rbind"}.isdisjoint(mount.options or ()):
        return
    if not mount.source:
        raise InvalidSpec("a bind mount needs a source", path=f"{where}.source")
    if not os.path.exists(mount.source):
        raise NotFound(
            f"mount source {mount.source}: does not exist",
            hint=f"mkdir -p {mount.source}; Cloche never creates it",
        )


def _check_rootless(request: CreateRequest, linux: Linux) -> None:
    if any(space.type == "user" for space in linux.namespaces or ()):
        raise NotSupported(
            "a user namespace inside this user's own", hint="run as root", backend="oci"
        )
    limits = linux.resources
    if limits is None or request.unenforced:
        return
    for name in _LIMITS:
        if getattr(limits, name) is not None:
            raise Unavailable(
                f"{name}: this user has no control groups",
                remedy=f"run as root, or --allow-unenforced {name}",
                backend="oci",
            )
