"""Security descriptors: the binary form is checked, the textual one is Windows' to translate."""

from __future__ import annotations

import struct
import sys

from cloche.errors import ImageError, NotSupported

__all__ = ["check_descriptor", "from_sddl"]

#: Revision, padding, control, offsets of owner, group, SACL and DACL.
_HEADER = struct.Struct("<BBHIIII")
_SELF_RELATIVE = 0x8000
_LIMIT = 1 << 17


def check_descriptor(data: bytes) -> bytes:
    """Return a self-relative SECURITY_DESCRIPTOR; ImageError for what can't be one."""
    if not _HEADER.size <= len(data) <= _LIMIT:
        raise ImageError(f"not a security descriptor: {len(data)} bytes")
    revision, _, control, *offsets = _HEADER.unpack_from(data)
    inside = all(offset == 0 or _HEADER.size <= offset < len(data) for offset in offsets)
    if revision != 1 or not control & _SELF_RELATIVE or not inside:
        raise ImageError("a security descriptor is damaged")
    return data


def from_sddl(text: str) -> bytes:
    """Translate a descriptor of the older form of the format; NotSupported off Windows."""
    if sys.platform == "win32":
        from cloche_hcs.layers.win32 import descriptor_of

        return descriptor_of(text)
    else:  # noqa: RET505 - what comes after a platform's return is unreachable to type checkers
        raise NotSupported("security descriptors in words (MSWINDOWS.sd) need Windows")
