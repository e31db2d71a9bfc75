"""Requests to the kernel about network devices and their addresses (rtnetlink(7))."""

from __future__ import annotations

import os
import struct
from _socket import AF_NETLINK, SOCK_CLOEXEC, SOCK_RAW, socket
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Address", "Link", "Netlink", "here"]

_ROUTE = 0  # NETLINK_ROUTE
_HEADER = struct.Struct("=IHHII")
#: struct ifinfomsg, struct ifaddrmsg, struct rtattr.
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_ERROR, _DONE = 2, 3
_NEW_LINK, _GET_LINK = 16, 18
_NEW_ADDRESS, _GET_ADDRESS = 20, 22
_REQUEST, _ACKNOWLEDGE, _DUMP = 0x01, 0x04, 0x300
_CREATE, _REPLACE = 0x400, 0x100
_NAME, _NAMESPACE_OF = 3, 19  # IFLA_IFNAME, IFLA_NET_NS_PID
_UP = 1
#: IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_FLAGS.
_KEPT, _FLAGS = (1, 2, 4), 8
_PERMANENT = 0x80
#: What is asked for with an address, and not what has become of it: NODAD, HOMEADDRESS,
#: MANAGETEMPADDR, NOPREFIXROUTE, MCAUTOJOIN.
_ASKED = 0x02 | 0x10 | 0x100 | 0x200 | 0x400
_ROOM = 1 << 16


class Link(NamedTuple):
    """A device, as one namespace knows it."""

    number: int
    name: str
    up: bool


class Address(NamedTuple):
    """One permanent address of global scope."""

    family: int
    prefix: int
    attributes: bytes


class Netlink:
    """A socket in one network namespace; every method raises OSError for what the kernel says."""

    def __init__(self, connection: socket) -> None:
        self._socket = connection

    def close(self) -> None:
        self._socket.close()

    @classmethod
    def of_descriptor(cls, descriptor: int) -> Netlink:
        """Take over a socket that somebody else opened."""
        return cls(socket(AF_NETLINK, SOCK_RAW, _ROUTE, fileno=descriptor))

    def link(self, name: str) -> Link:
        """Look up a device by its name; ENODEV if there is none."""
        wanted = _LINK.pack(0, 0, 0, 0, 0) + _attribute(_NAME, _text(name))
        (found,) = self._ask(_GET_LINK, 0, wanted)
        return _read_link(found)

    def links(self) -> list[Link]:
        """List all devices."""
        return [*map(_read_link, self._ask(_GET_LINK, _DUMP, _LINK.pack(0, 0, 0, 0, 0)))]

    def addresses(self, index: int) -> list[Address]:
        """List the permanent addresses of a device that have global scope."""
        return [
            Address(family, prefix, _kept(attributes))
            for family, prefix, scope, of, attributes in self._all_addresses()
            if of == index and scope == 0 and _flags(attributes) & _PERMANENT
        ]

    def move(self, index: int, pid: int, name: str) -> None:
        """Move a device to the namespace of a process, and call it ``name`` there."""
        told = _attribute(_NAMESPACE_OF, struct.pack("=I", pid)) + _attribute(_NAME, _text(name))
        self._do(_NEW_LINK, 0, _LINK.pack(0, 0, index, 0, 0) + told)

    def bring_up(self, index: int) -> None:
        """Let a device work."""
        self._do(_NEW_LINK, 0, _LINK.pack(0, 0, index, _UP, _UP))

    def add(self, index: int, address: Address) -> None:
        """Give a device an address."""
        told = _ADDRESS.pack(address.family, address.prefix, 0, 0, index) + address.attributes
        self._do(_NEW_ADDRESS, _CREATE | _REPLACE, told)

    def _all_addresses(self) -> Iterator[tuple[int, int, int, int, Mapping[int, bytes]]]:
        for body in self._ask(_GET_ADDRESS, _DUMP, _ADDRESS.pack(0, 0, 0, 0, 0)):
            family, prefix, _, scope, of = _ADDRESS.unpack_from(body)
            yield family, prefix, scope, of, dict(_attributes(body, _ADDRESS.size))

    def _do(self, kind: int, flags: int, body: bytes) -> None:
        for _ in self._ask(kind, flags | _ACKNOWLEDGE, body):
            continue

    def _ask(self, kind: int, flags: int, body: bytes) -> Iterator[bytes]:
        """Send a request; yields the answers up to their end."""
        size = _HEADER.size + len(body)
        self._socket.send(_HEADER.pack(size, kind, flags | _REQUEST, 1, 0) + body)
        several = flags & (_ACKNOWLEDGE | _DUMP)
        while True:
            for answered, answer in _messages(self._socket.recv(_ROOM)):
                if answered == _DONE or (answered == _ERROR and _succeeded(answer)):
                    return
                yield answer
                if not several:
                    return


def here() -> Netlink:
    """Open a socket in the namespace of this process."""
    return Netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, _ROUTE))


def _read_link(body: bytes) -> Link:
    _, _, index, flags, _ = _LINK.unpack_from(body)
    name = dict(_attributes(body, _LINK.size))[_NAME].rstrip(b"\0")
    return Link(index, os.fsdecode(name), bool(flags & _UP))


def _succeeded(answer: bytes) -> bool:
    (number,) = struct.unpack_from("=i", answer)
    if number:
        raise OSError(-number, os.strerror(-number))
    return True


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        size, kind, *_ = _HEADER.unpack_from(data)
        yield kind, data[_HEADER.size : size]
        data = data[_aligned(size) :]


def _attributes(body: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    body = body[start:]
    while len(body) >= _ATTRIBUTE.size:
        size, kind = _ATTRIBUTE.unpack_from(body)
        yield kind & 0x3FFF, body[_ATTRIBUTE.size : size]
        body = body[_aligned(size) :]


def _attribute(kind: int, value: bytes) -> bytes:
    size = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(size, kind) + value + bytes(_aligned(size) - size)


def _aligned(size: int) -> int:
    return (size + 3) // 4 * 4


def _text(name: str) -> bytes:
    return os.fsencode(name) + b"\0"


def _flags(attributes: Mapping[int, bytes]) -> int:
    (flags,) = struct.unpack("=I", attributes[_FLAGS])
    return int(flags)


def _kept(attributes: Mapping[int, bytes]) -> bytes:
    kept = [_attribute(kind, attributes[kind]) for kind in _KEPT if kind in attributes]
    return b"".join((*kept, _attribute(_FLAGS, struct.pack("=I", _flags(attributes) & _ASKED))))
