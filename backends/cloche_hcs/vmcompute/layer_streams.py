"""The functions that import and export a layer file by file.

All calls of an import must come from one thread, which has SeBackup- and SeRestorePrivilege.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloche_hcs._vmcompute import ffi, lib
from cloche_hcs.vmcompute.arguments import descriptors, driver
from cloche_hcs.vmcompute.library import checked
from cloche_hcs.vmcompute.strings import take, wide
from cloche_hcs.vmcompute.values import ExportedFile, ExportHandle, FileBasicInfo, ImportHandle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche_hcs._vmcompute import CData
    from cloche_hcs.vmcompute.values import DriverInfo, LayerDescriptor

__all__ = [
    "ExportLayerBegin",
    "ExportLayerEnd",
    "ExportLayerNext",
    "ExportLayerRead",
    "ImportLayerBegin",
    "ImportLayerEnd",
    "ImportLayerNext",
    "ImportLayerWrite",
]


def ImportLayerBegin(
    info: DriverInfo, id: str, layers: Sequence[LayerDescriptor]
) -> tuple[int, ImportHandle]:
    """Begin to make a layer over ``layers``, topmost first."""
    given, name, under = driver(info), wide(id, "id"), descriptors(layers)
    stream = ffi.new("uintptr_t *")
    code = lib.ImportLayerBegin(given.struct, name, under.structs, len(layers), stream)
    return checked("ImportLayerBegin", code), ImportHandle(stream[0])


def ImportLayerNext(stream: ImportHandle, name: str, file: FileBasicInfo | None) -> int:
    """Begin the next file; no information about it means that it is deleted in this layer."""
    given, basic = wide(name, "name"), ffi.NULL if file is None else _basic(file)
    return checked("ImportLayerNext", lib.ImportLayerNext(stream, given, basic))


def ImportLayerWrite(stream: ImportHandle, data: bytes | bytearray | memoryview) -> int:
    """Write a piece of the current file's backup stream."""
    piece = ffi.from_buffer("uint8_t[]", data)
    return checked("ImportLayerWrite", lib.ImportLayerWrite(stream, piece, len(piece)))


def ImportLayerEnd(stream: ImportHandle) -> int:
    """End the import, whether or not it succeeded; the handle is gone after this."""
    return checked("ImportLayerEnd", lib.ImportLayerEnd(stream))


def ExportLayerBegin(
    info: DriverInfo, id: str, layers: Sequence[LayerDescriptor]
) -> tuple[int, ExportHandle]:
    """Begin to read a layer over ``layers``, topmost first."""
    given, name, under = driver(info), wide(id, "id"), descriptors(layers)
    stream = ffi.new("uintptr_t *")
    code = lib.ExportLayerBegin(given.struct, name, under.structs, len(layers), stream)
    return checked("ExportLayerBegin", code), ExportHandle(stream[0])


def ExportLayerNext(stream: ExportHandle) -> tuple[int, ExportedFile | None]:
    """Go to the next file; ERROR_NO_MORE_FILES after the last."""
    name, basic = ffi.new("uint16_t **"), ffi.new("FILE_BASIC *")
    size, deleted = ffi.new("int64_t *"), ffi.new("uint32_t *")
    code = checked("ExportLayerNext", lib.ExportLayerNext(stream, name, basic, size, deleted))
    given = take(name)
    if given is None:
        return code, None
    return code, ExportedFile(given, _info(basic), int(size[0]), bool(deleted[0]))


def ExportLayerRead(stream: ExportHandle, into: bytearray | memoryview) -> tuple[int, int]:
    """Read a piece of the current file's backup stream; 0 bytes at its end."""
    room, count = ffi.from_buffer("uint8_t[]", into, require_writable=True), ffi.new("uint32_t *")
    code = checked("ExportLayerRead", lib.ExportLayerRead(stream, room, len(room), count))
    return code, int(count[0])


def ExportLayerEnd(stream: ExportHandle) -> int:
    """End the export; the handle is gone after this."""
    return checked("ExportLayerEnd", lib.ExportLayerEnd(stream))


def _basic(file: FileBasicInfo) -> CData:
    return ffi.new("FILE_BASIC *", file._asdict())


def _info(basic: Any) -> FileBasicInfo:
    return FileBasicInfo(
        int(basic.creation_time),
        int(basic.last_access_time),
        int(basic.last_write_time),
        int(basic.change_time),
        int(basic.attributes),
    )
