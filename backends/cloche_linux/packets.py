"""What the helper says, a packet at a time."""

from __future__ import annotations

import errno
import os
import struct

from cloche.named import NamedTuple
from cloche_linux._native import ffi, lib
from cloche_linux.calls import check

__all__ = ["Packet", "drop", "receive"]

_MESSAGE = struct.Struct("<IiiI256s240s")


class Packet(NamedTuple):
    """What the helper said; ``fd`` is -1 or the reader's to close."""

    kind: int
    number: int
    error: int
    flags: int
    path: str
    detail: str
    fd: int


def receive(control: int) -> Packet | None:
    """Return the packet that is there, or None at the end or if there is none. Raises OSError."""
    message = ffi.new("struct message *")
    fd = ffi.new("int *")
    result = lib.cloche_receive(control, message, fd)
    if result == -errno.EAGAIN or check(result) == 0:
        return None
    *numbers, path, detail = _MESSAGE.unpack(ffi.buffer(message))
    path, detail = (os.fsdecode(text.partition(b"\0")[0]) for text in (path, detail))
    kind, number, error, flags = numbers
    return Packet(kind, number, error, flags, path, detail, fd[0])


def drop(packet: Packet) -> None:
    """Close what a packet brought, if anything."""
    if packet.fd >= 0:
        os.close(packet.fd)
