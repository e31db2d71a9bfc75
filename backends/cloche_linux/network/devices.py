"""Devices of the host that move into a container's network, and back if that fails.

Source: runtime-spec, config-linux.md ("Network Devices").
"""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack, closing, contextmanager, suppress

from cloche.errors import BackendError, InvalidSpec, Unavailable
from cloche_linux import spawn
from cloche_linux.network.netlink import Netlink, here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cloche.spec import LinuxNetDevice
    from cloche_linux.network.netlink import Address, Link

__all__ = ["check_devices", "moved_devices"]

_PATTERN = "%d"


def check_devices(devices: Mapping[str, LinuxNetDevice]) -> None:
    """Raise Unavailable for a device that is not there, InvalidSpec for one that can't move."""
    with closing(here()) as host:
        for name in devices:
            path = _path(name)
            if name == "lo":
                raise InvalidSpec(f"{path}: every network has its own", path=path)
            try:
                host.link(name)
            except OSError as error:
                raise Unavailable(f"{path}: there is no such device", backend="linux") from error


@contextmanager
def moved_devices(devices: Mapping[str, LinuxNetDevice], pid: int, pidfd: int) -> Iterator[None]:
    """Move devices to the network of a process, with their addresses, and let them work there.

    Raises BackendError, by the place in the specification. If that fails, or what is done with the
    devices there, they come back.
    """
    inside = Netlink.of_descriptor(spawn.open_netlink(pidfd))
    with closing(here()) as host, closing(inside), ExitStack() as undo:
        for name, device in devices.items():
            try:
                _move(host, inside, name, device.name or name, pid, undo)
            except OSError as error:
                raise _failed(name, error) from error
        yield
        undo.pop_all()


def _move(
    host: Netlink, inside: Netlink, name: str, wanted: str, pid: int, undo: ExitStack
) -> None:
    link = host.link(name)
    addresses = host.addresses(link.number)
    _refuse_taken(inside, wanted)
    before = _numbers(inside)
    undo.callback(_bring_back, host, inside, link, addresses, before)
    host.move(link.number, pid, wanted)
    index = _new(inside, before)
    for address in addresses:
        inside.add(index, address)
    inside.bring_up(index)


def _numbers(network: Netlink) -> frozenset[int]:
    return frozenset(link.number for link in network.links())


def _new(network: Netlink, before: frozenset[int]) -> int:
    """The device that came: its number may be another than it was, and its name chosen."""
    (index,) = _numbers(network) - before
    return index


def _refuse_taken(inside: Netlink, wanted: str) -> None:
    """The kernel finds out only once the device is there, under its old name."""
    if _PATTERN in wanted:
        return
    with suppress(OSError):
        inside.link(wanted)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _bring_back(
    host: Netlink,
    inside: Netlink,
    link: Link,
    addresses: list[Address],
    before: frozenset[int],
) -> None:
    came = _numbers(inside) - before
    for number in came:
        inside.move(number, os.getpid(), link.name)
    index = host.link(link.name).number
    for address in addresses if came else ():
        host.add(index, address)
    if came and link.up:
        host.bring_up(index)


def _failed(name: str, error: OSError) -> BackendError:
    return BackendError(
        f"{_path(name)}: {os.strerror(error.errno or 0)}",
        step="net_device",
        errno=error.errno,
        path=name,
        operation="create",
        backend="linux",
    )


def _path(name: str) -> str:
    return f'linux.netDevices["{name}"]'
