"""The steps that fill /dev: what every container has, and what its specification adds."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec
from cloche_linux.kernel import Attribute

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche.spec import LinuxDevice, Mount
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.plan import Plan

__all__ = ["add_devices"]

#: Devices that the runtime-spec (config-linux.md, "Default Devices") gives to every container.
_DEFAULT = (
    ("/dev/null", os.makedev(1, 3)),
    ("/dev/zero", os.makedev(1, 5)),
    ("/dev/full", os.makedev(1, 7)),
    ("/dev/random", os.makedev(1, 8)),
    ("/dev/urandom", os.makedev(1, 9)),
    ("/dev/tty", os.makedev(5, 0)),
)

_LINKS = (
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
)

_PTMX = "/dev/ptmx"

_TYPES = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}


def add_devices(
    plan: Plan, devices: Iterable[LinuxDevice], mounts: Iterable[Mount], namespaces: Namespaces
) -> None:
    """Make device nodes, or in a user namespace, which may not, show the host's.

    Only where /dev is the container's own: over a host's /dev nothing is changed.
    """
    kinds = {mount.destination: mount.type for mount in mounts}
    if kinds.get("/dev") == "tmpfs":
        _add_defaults(plan, namespaces)
        if kinds.get("/dev/pts") == "devpts":
            plan.symlink(_PTMX, "pts/ptmx")
    for number, device in enumerate(devices):
        # Some callers list every device of a host, and this one is the container's own.
        if device.path != _PTMX:
            _add(plan, device, f"linux.devices[{number}]", namespaces)


def _add_defaults(plan: Plan, namespaces: Namespaces) -> None:
    for path, number in _DEFAULT:
        _node(plan, path, stat.S_IFCHR | 0o666, number, 0, 0, namespaces)
    for path, target in _LINKS:
        plan.symlink(path, target)


def _add(plan: Plan, device: LinuxDevice, where: str, namespaces: Namespaces) -> None:
    kind = _TYPES.get(device.type)
    if kind is None:
        raise InvalidSpec(f"no such type of device: {device.type}", path=f"{where}.type")
    if kind != stat.S_IFIFO and (device.major is None or device.minor is None):
        raise InvalidSpec("a device needs major and minor", path=f"{where}.major")
    mode = kind | (0o666 if device.file_mode is None else device.file_mode & 0o7777)
    number = os.makedev(device.major or 0, device.minor or 0)
    _node(plan, device.path, mode, number, device.uid or 0, device.gid or 0, namespaces)


def _node(
    plan: Plan, path: str, mode: int, number: int, uid: int, gid: int, namespaces: Namespaces
) -> None:
    if namespaces.in_user_namespace and not stat.S_ISFIFO(mode):
        _bind_node(plan, path, mode, number)
    else:
        plan.device(path, mode, number, uid, gid)


def _bind_node(plan: Plan, path: str, mode: int, number: int) -> None:
    try:
        info = os.stat(path)
    except OSError as error:
        raise InvalidSpec(
            f"a device can only be shown from this machine, and {path} is not there",
            path="linux.devices",
        ) from error
    if info.st_rdev != number or stat.S_IFMT(info.st_mode) != stat.S_IFMT(mode):
        raise InvalidSpec(f"{path} of this machine is another device", path="linux.devices")
    plan.bind(
        path,
        path,
        recursive=False,
        attributes=Attribute.NOSUID | Attribute.NOEXEC,
        identity=(info.st_dev, info.st_ino),
    )
