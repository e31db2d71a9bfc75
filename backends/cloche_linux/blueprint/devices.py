"""The steps that fill /dev: what every container has, and what its specification adds."""

from __future__ import annotations

import os
import stat
from os.path import normpath

from cloche.errors import InvalidSpec
from cloche_linux.blueprint.mount_checks import is_bind, place_of
from cloche_linux.kernel import Attribute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cloche.spec import LinuxDevice, Mount
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.plan import Plan
    from cloche_linux.steps import Extra

__all__ = ["add_devices", "check_devices", "wanted_nodes"]

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

#: A link that runc and crun make as well, on machines whose kernel has what it leads to.
_CORE = ("/dev/core", "/proc/kcore")

_PTMX = "/dev/ptmx"

_TYPES = {"c": stat.S_IFCHR, "u": stat.S_IFCHR, "b": stat.S_IFBLK, "p": stat.S_IFIFO}

#: What the kernel's numbers of devices have room for (linux/kdev_t.h).
_MAJORS = range(1 << 12)
_MINORS = range(1 << 20)


def check_devices(
    devices: Sequence[LinuxDevice], mounts: Sequence[Mount], namespaces: Namespaces
) -> None:
    """Raise InvalidSpec for devices that can't be had, before anything is made."""
    for number, device in _wanted(devices):
        where = f"linux.devices[{number}]"
        mode, wanted = _mode(device, where), _number(device, where)
        shown = _shown(device.path, mounts)
        if shown is not None and not _is(shown, mode, wanted):
            raise InvalidSpec(
                f"{device.path} is {shown} of this machine, which is something else",
                path=f"{where}.path",
            )
        if shown is None and _must_be_shown(mode, namespaces) and not _can_make(device, namespaces):
            _node_of_host(device.path, mode, wanted, where)


def add_devices(
    plan: Plan,
    devices: Sequence[LinuxDevice],
    mounts: Sequence[Mount],
    namespaces: Namespaces,
    nodes: Mapping[int, Extra] | None = None,
) -> None:
    """Make device nodes, or in a user namespace, which may not, show the host's.

    ``nodes``: the places of those that were made for it (:mod:`cloche_linux.blueprint.nodes`).

    Where a directory of the host's is shown, what is there already is left as it is, and a /dev of
    the host's is not added to unless asked for.
    """
    kinds = {place_of(mount): mount for mount in mounts}
    if "/dev" not in kinds or not is_bind(kinds["/dev"]):
        _add_defaults(plan, namespaces)
        if "/dev/pts" in kinds and kinds["/dev/pts"].type == "devpts":
            plan.symlink(_PTMX, "pts/ptmx")
    for number, device, mode, wanted in wanted_nodes(devices, mounts):
        plan.origin = where = f"linux.devices[{number}]"
        path, owner = normpath(device.path), (device.uid or 0, device.gid or 0)
        if nodes and number in nodes:
            plan.bind("", path, tree=nodes[number])
        else:
            _node(plan, path, mode, wanted, owner, namespaces, where)
    plan.origin = ""


def wanted_nodes(
    devices: Sequence[LinuxDevice], mounts: Sequence[Mount]
) -> Iterator[tuple[int, LinuxDevice, int, int]]:
    """Those that are to be there and are not yet: place in the list, device, mode and number."""
    for place, device in _wanted(devices):
        if _shown(device.path, mounts) is None:
            where = f"linux.devices[{place}]"
            yield place, device, _mode(device, where), _number(device, where)


def _wanted(devices: Sequence[LinuxDevice]) -> Iterator[tuple[int, LinuxDevice]]:
    """Some callers list every device of a host, and one is the container's own."""
    for number, device in enumerate(devices):
        if normpath(device.path) != _PTMX:
            yield number, device


def _add_defaults(plan: Plan, namespaces: Namespaces) -> None:
    for path, number in _DEFAULT:
        _node(plan, path, stat.S_IFCHR | 0o666, number, (0, 0), namespaces, "linux.devices")
    for path, target in (*_LINKS, _CORE) if os.path.exists(_CORE[1]) else _LINKS:
        plan.symlink(path, target)


def _mode(device: LinuxDevice, where: str) -> int:
    kind = _TYPES.get(device.type)
    if kind is None:
        raise InvalidSpec(f"no such type of device: {device.type}", path=f"{where}.type")
    return kind | (0o666 if device.file_mode is None else device.file_mode & 0o7777)


def _number(device: LinuxDevice, where: str) -> int:
    if device.type == "p":
        return 0
    for field, number, room in (("major", device.major, _MAJORS), ("minor", device.minor, _MINORS)):
        if number is None or number not in room:
            raise InvalidSpec(f"it goes from 0 to {room[-1]}", path=f"{where}.{field}")
    return os.makedev(device.major or 0, device.minor or 0)


def _node(
    plan: Plan,
    path: str,
    mode: int,
    number: int,
    owner: tuple[int, int],
    namespaces: Namespaces,
    where: str,
) -> None:
    if not _must_be_shown(mode, namespaces):
        plan.device(path, mode, number, *owner)
        return
    source, info = _node_of_host(path, mode, number, where)
    plan.bind(
        source,
        path,
        recursive=False,
        attributes=Attribute.NOSUID | Attribute.NOEXEC,
        identity=(info.st_dev, info.st_ino),
    )


def _can_make(device: LinuxDevice, namespaces: Namespaces) -> bool:
    from cloche_linux.blueprint.nodes import owner_here

    return owner_here(device, namespaces) is not None


def _must_be_shown(mode: int, namespaces: Namespaces) -> bool:
    return namespaces.in_user_namespace and not stat.S_ISFIFO(mode)


def _shown(path: str, mounts: Sequence[Mount]) -> str | None:
    """What of this machine is seen at a path already, for a directory of it is mounted there."""
    path = normpath(path)
    for mount in reversed(mounts):
        place = place_of(mount)
        if place == path or path.startswith(f"{place.rstrip('/')}/"):
            found = f"{mount.source}/{path.removeprefix(place)}"
            return normpath(found) if is_bind(mount) and os.path.lexists(found) else None
    return None


def _is(path: str, mode: int, number: int) -> bool:
    try:
        info = os.lstat(path)
    except OSError:
        return False
    same = stat.S_IFMT(info.st_mode) == stat.S_IFMT(mode)
    return same and (info.st_rdev == number or stat.S_ISFIFO(mode))


def _node_of_host(path: str, mode: int, number: int, where: str) -> tuple[str, os.stat_result]:
    """Find the device on this machine: at its path, or else by its number."""
    kind = "block" if stat.S_ISBLK(mode) else "char"
    numbers = f"{os.major(number)}:{os.minor(number)}"
    for place in (path, *_named(f"/sys/dev/{kind}/{numbers}/uevent")):
        if _is(place, mode, number):
            return place, os.stat(place)
    raise InvalidSpec(
        f"in a user namespace a device can only be shown from this machine, and neither {path} nor "
        f"any other is its {kind} device {numbers}",
        path=where,
    )


def _named(event: str) -> Iterator[str]:
    """What the kernel calls a device, which is its path beneath /dev."""
    try:
        with open(event, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return
    names = (line.removeprefix("DEVNAME=") for line in lines if line.startswith("DEVNAME="))
    yield from (f"/dev/{name}" for name in names)
