"""Layers file by file through the driver: what the raw calls answer, made files and errors.

All calls of one import or export belong on one thread, the one that has the privileges.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloche.errors import BackendError, ClocheError
from cloche_hcs import vmcompute
from cloche_hcs.hresult import HResult, succeeded
from cloche_hcs.layers.backupstream import CHUNK
from cloche_hcs.layers.fileinfo import BasicInfo
from cloche_hcs.translate import failure
from cloche_hcs.vmcompute import DriverInfo, FileBasicInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cloche_hcs.vmcompute import ExportHandle, ImportHandle, LayerDescriptor

__all__ = ["ExportedLayer", "ImportedLayer", "exported", "imported"]


class ImportedLayer:
    """A layer that is being written."""

    def __init__(self, handle: ImportHandle) -> None:
        self._handle = handle

    def add(self, name: str, info: BasicInfo) -> None:
        r"""Begin the file ``Files\…``; its backup streams follow by ``write``."""
        code = vmcompute.ImportLayerNext(self._handle, f"\\{name}", FileBasicInfo(*info))
        _check("ImportLayerNext", code)

    def remove(self, name: str) -> None:
        """Say that what a lower layer has under this name is gone."""
        _check("ImportLayerNext", vmcompute.ImportLayerNext(self._handle, f"\\{name}", None))

    def write(self, data: bytes) -> None:
        """Write on in the backup streams of the file."""
        _check("ImportLayerWrite", vmcompute.ImportLayerWrite(self._handle, data))


class ExportedLayer:
    """A layer that is being read."""

    def __init__(self, handle: ExportHandle) -> None:
        self._handle = handle
        self._buffer = bytearray(CHUNK)

    def __iter__(self) -> Iterator[tuple[str, BasicInfo | None, int]]:
        """Yield name, information (None: it is gone in this layer) and size of each file."""
        while True:
            code, file = vmcompute.ExportLayerNext(self._handle)
            if code == HResult.ERROR_NO_MORE_FILES:
                return
            _check("ExportLayerNext", code)
            if file is None or not file.name.startswith("\\"):
                raise BackendError(f"the driver names a file {file and file.name!r}")
            info = None if file.deleted else BasicInfo(*file.info)
            yield file.name[1:], info, file.size

    def read(self, size: int) -> bytes:
        """Read on in the backup streams of the file; none at their end."""
        room = memoryview(self._buffer)[: min(size, CHUNK)]
        code, count = vmcompute.ExportLayerRead(self._handle, room)
        _check("ExportLayerRead", code)
        return bytes(room[:count])


@contextmanager
def imported(home: str, id: str, layers: Sequence[LayerDescriptor]) -> Iterator[ImportedLayer]:
    """Begin to write a layer over ``layers``, and end it, whatever happens in between."""
    code, handle = vmcompute.ImportLayerBegin(DriverInfo(home), id, layers)
    _check("ImportLayerBegin", code)
    try:
        yield ImportedLayer(handle)
    except BaseException as error:
        _end("ImportLayerEnd", vmcompute.ImportLayerEnd(handle), error)
        raise
    _check("ImportLayerEnd", vmcompute.ImportLayerEnd(handle))


@contextmanager
def exported(home: str, id: str, layers: Sequence[LayerDescriptor]) -> Iterator[ExportedLayer]:
    """Begin to read a layer over ``layers``, and end it, whatever happens in between."""
    code, handle = vmcompute.ExportLayerBegin(DriverInfo(home), id, layers)
    _check("ExportLayerBegin", code)
    try:
        yield ExportedLayer(handle)
    except BaseException as error:
        _end("ExportLayerEnd", vmcompute.ExportLayerEnd(handle), error)
        raise
    _check("ExportLayerEnd", vmcompute.ExportLayerEnd(handle))


def _check(function: str, code: int) -> None:
    if not succeeded(code):
        raise failure(function, code)


def _end(function: str, code: int, error: BaseException) -> None:
    """After an error, a further one at the end is told with it."""
    try:
        _check(function, code)
    except ClocheError as further:
        error.add_note(f"and then, at the end: {further}")
