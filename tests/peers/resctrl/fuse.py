"""As much of the kernel's FUSE protocol as a small tree of files needs.

Source: ``include/uapi/linux/fuse.h``. A server that has gone makes the mount's calls fail and never
hang, so a test that ends its server can always clear away.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Callable
from typing import Protocol

__all__ = ["Tree", "mount", "serve"]

_IN = struct.Struct("<IIQQIIII")
_LONGEST = 1 << 17
_DIRECT_IO = 1
_FORGETS = frozenset({2, 36, 42})
_LIBC = ctypes.CDLL(None, use_errno=True)


class Tree(Protocol):
    """What is served, by paths from the top; every method raises OSError as the kernel is to."""

    def names(self, path: str) -> list[str] | None:
        """List a directory; None for a file. FileNotFoundError if there is neither."""

    def read(self, path: str) -> str: ...
    def write(self, path: str, text: str) -> None: ...
    def mkdir(self, path: str) -> None: ...
    def rmdir(self, path: str) -> None: ...


def mount(directory: str, type: str) -> int:
    """Mount something of FUSE's on a directory; the descriptor that it is served by."""
    descriptor = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={descriptor},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if _LIBC.mount(b"stand-in", os.fsencode(directory), type.encode(), 0, options):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), directory)
    return descriptor


def serve(descriptor: int, tree: Tree) -> None:
    """Answer until it is unmounted."""
    session = _Session(tree)
    while True:
        try:
            request = os.read(descriptor, _LONGEST + 4096)
        except OSError:
            return
        _, code, unique, node, *_ = _IN.unpack_from(request)
        if code in _FORGETS:
            continue
        error, body = session.answer(code, node, request[_IN.size :])
        os.write(descriptor, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)


class _Session:
    """The numbers of the files that the kernel has asked about."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._paths = {1: ""}
        self._verbs: dict[int, Callable[[int, bytes], bytes]] = {
            1: self._lookup, 3: self._attributes, 4: self._attributes, 9: self._mkdir,
            11: self._rmdir, 14: self._open, 15: self._read, 16: self._write, 18: self._nothing,
            26: self._begin, 27: self._open, 28: self._list, 29: self._nothing,
        }  # fmt: skip

    def answer(self, code: int, node: int, body: bytes) -> tuple[int, bytes]:
        verb = self._verbs.get(code)
        if verb is None:
            return 38, b""  # ENOSYS
        try:
            return 0, verb(node, body)
        except OSError as error:
            return error.errno or 5, b""

    def _begin(self, node: int, body: bytes) -> bytes:
        return struct.pack("<IIIIHHIIHH8I", 7, 31, 0, 0, 0, 0, _LONGEST, 1, 0, 0, *[0] * 8)

    def _nothing(self, node: int, body: bytes) -> bytes:
        return b""

    def _lookup(self, node: int, body: bytes) -> bytes:
        return self._entry(self._below(node, body))

    def _mkdir(self, node: int, body: bytes) -> bytes:
        path = self._below(node, body[8:])
        self._tree.mkdir(path)
        return self._entry(path)

    def _rmdir(self, node: int, body: bytes) -> bytes:
        self._tree.rmdir(self._below(node, body))
        return b""

    def _below(self, node: int, name: bytes) -> str:
        return f"{self._paths[node]}/{name.rstrip(chr(0).encode()).decode()}".lstrip("/")

    def _entry(self, path: str) -> bytes:
        attributes = self._attribute(path)
        return struct.pack("<QQQQII", self._number(path), 0, 0, 0, 0, 0) + attributes

    def _attributes(self, node: int, body: bytes) -> bytes:
        return struct.pack("<QII", 0, 0, 0) + self._attribute(self._paths[node])

    def _attribute(self, path: str) -> bytes:
        kind = stat.S_IFREG | 0o644 if self._tree.names(path) is None else stat.S_IFDIR | 0o755
        numbers = (self._number(path), *[0] * 8, kind, 1, *[0] * 3, 512, 0)
        return struct.pack("<6Q10I", *numbers)

    def _number(self, path: str) -> int:
        known = {each: number for number, each in self._paths.items()}
        number = known.get(path, max(self._paths) + 1)
        self._paths[number] = path
        return number

    def _open(self, node: int, body: bytes) -> bytes:
        return struct.pack("<QII", 0, _DIRECT_IO, 0)

    def _read(self, node: int, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        return self._tree.read(self._paths[node]).encode()[offset : offset + size]

    def _write(self, node: int, body: bytes) -> bytes:
        _, _, size = struct.unpack_from("<QQI", body)
        self._tree.write(self._paths[node], body[40 : 40 + size].decode())
        return struct.pack("<II", size, 0)

    def _list(self, node: int, body: bytes) -> bytes:
        _, offset, _ = struct.unpack_from("<QQI", body)
        answer = b""
        for position, name in enumerate(self._tree.names(self._paths[node]) or (), 1):
            if position > offset:
                raw = name.encode()
                record = struct.pack("<QQII", position + 1000, position, len(raw), 0) + raw
                answer += record.ljust(-(-len(record) // 8) * 8, b"\0")
        return answer
