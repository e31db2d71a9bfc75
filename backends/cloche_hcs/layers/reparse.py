r"""Symbolic links and mount points as backup streams hold them (REPARSE_DATA_BUFFER).

Each holds its target twice: as the kernel wants it (``\??\C:\x``) and as people read it (``C:\x``).
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

from cloche.errors import ImageError, NotSupported

__all__ = ["ReparsePoint", "ReparseTag"]

#: Tag, length of what follows, reserved.
_HEADER = struct.Struct("<IHH")
#: Offset and length of the kernel's name, offset and length of the readable one.
_NAMES = struct.Struct("<HHHH")
_FLAGS = struct.Struct("<I")
_RELATIVE = 1
_LIMIT = 16 << 10


class ReparseTag(IntEnum):
    """The kinds of reparse point that an OCI layer can say."""

    MOUNT_POINT = 0xA0000003
    SYMLINK = 0xA000000C


class ReparsePoint(NamedTuple):
    """Where a link leads."""

    #: As people read it: ``C:\\x``, ``..\\x``, ``\\\\server\\share``.
    target: str
    mount_point: bool = False

    def pack(self) -> bytes:
        """Return the reparse data; ImageError for a target that is empty, too long or has a NUL."""
        relative = not self.mount_point and not _is_absolute(self.target)
        shown = self.target.encode("utf-16-le", "surrogatepass")
        kernel = shown if relative else _kernel(self.target).encode("utf-16-le", "surrogatepass")
        if not shown or "\0" in self.target or len(shown) + len(kernel) > _LIMIT - 64:
            raise ImageError(f"not the target of a link: {self.target[:80]!r}")
        names = _NAMES.pack(0, len(kernel), len(kernel) + 2, len(shown))
        flags = b"" if self.mount_point else _FLAGS.pack(_RELATIVE if relative else 0)
        body = names + flags + kernel + b"\0\0" + shown + b"\0\0"
        tag = ReparseTag.MOUNT_POINT if self.mount_point else ReparseTag.SYMLINK
        return _HEADER.pack(tag, len(body), 0) + body

    @classmethod
    def unpack(cls, data: bytes) -> ReparsePoint:
        """Read reparse data; NotSupported for a tag that is neither link nor mount point."""
        tag, body = _tag_and_body(data)
        mount_point = tag == ReparseTag.MOUNT_POINT
        try:
            places = _NAMES.unpack_from(body)
        except struct.error:
            raise ImageError("a reparse point is cut off") from None
        names = body[_NAMES.size + (0 if mount_point else _FLAGS.size) :]
        kernel, shown = _text(names, places[0], places[1]), _text(names, places[2], places[3])
        target = shown or _readable(kernel)
        if not target or "\0" in target:
            raise ImageError("a reparse point leads nowhere")
        return cls(target, mount_point)


def _tag_and_body(data: bytes) -> tuple[int, bytes]:
    if len(data) < _HEADER.size:
        raise ImageError("a reparse point is cut off")
    tag, length, _ = _HEADER.unpack_from(data)
    if tag not in set(ReparseTag):
        raise NotSupported(f"a reparse point of the kind {tag:#x} cannot be in a layer's tar file")
    body = data[_HEADER.size : _HEADER.size + length]
    if len(body) != length:
        raise ImageError("a reparse point is cut off")
    return tag, body


def _text(names: bytes, offset: int, length: int) -> str:
    part = names[offset : offset + length]
    if len(part) != length or length % 2:
        raise ImageError("a reparse point is damaged")
    return part.decode("utf-16-le", "surrogatepass")


def _is_absolute(target: str) -> bool:
    r"""Whether it starts at a drive or server; ``\x`` is relative, to the drive of the link."""
    return target[1:2] == ":" or target.startswith((r"\\", r"\??" + "\\"))


def _kernel(target: str) -> str:
    if target.startswith(r"\??" + "\\"):
        return target
    if target.startswith(r"\\?" + "\\"):
        return r"\??" + target[3:]
    if target.startswith(r"\\"):
        return r"\??\UNC" + target[1:]
    return r"\??" + "\\" + target


def _readable(kernel: str) -> str:
    if kernel.startswith(r"\??\UNC" + "\\"):
        return "\\" + kernel[len(r"\??\UNC") :]
    return kernel.removeprefix(r"\??" + "\\")
