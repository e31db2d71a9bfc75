"""What the functions of vmcompute.dll take and return, in Python's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, NewType, TypeVar

if TYPE_CHECKING:
    from uuid import UUID

__all__ = [
    "Answer",
    "CallbackHandle",
    "CreatedProcess",
    "DriverInfo",
    "ExportHandle",
    "ExportedFile",
    "FileBasicInfo",
    "ImportHandle",
    "LayerDescriptor",
    "ProcessHandle",
    "ProcessInformation",
    "SystemHandle",
]

SystemHandle = NewType("SystemHandle", int)
ProcessHandle = NewType("ProcessHandle", int)
CallbackHandle = NewType("CallbackHandle", int)
ImportHandle = NewType("ImportHandle", int)
ExportHandle = NewType("ExportHandle", int)

T = TypeVar("T")


class Answer(NamedTuple, Generic[T]):
    """What a function answered; nothing of it is interpreted."""

    #: An HRESULT as unsigned 32 bits.
    code: int
    #: The result document, verbatim; None where the service gave none.
    result: str | None
    #: What else came out; for a code that is no success, whatever the service left there.
    value: T


class ProcessInformation(NamedTuple):
    """HCS_PROCESS_INFORMATION: the pipe ends are the caller's to close; None for no pipe.

    They are HANDLEs, overlapped only; descriptors on Linux.
    """

    pid: int
    stdin: int | None
    stdout: int | None
    stderr: int | None


class CreatedProcess(NamedTuple):
    """What HcsCreateProcess makes: a handle, and what ProcessInformation has."""

    handle: ProcessHandle
    pid: int
    stdin: int | None
    stdout: int | None
    stderr: int | None


class DriverInfo(NamedTuple):
    """Which layers: the folder that holds them, and the driver (0 differencing disks, 1 filter)."""

    home: str
    flavour: int = 1


class LayerDescriptor(NamedTuple):
    """WC_LAYER_DESCRIPTOR: a parent layer; bit 31 of ``flags`` means dirty."""

    guid: UUID
    path: str
    flags: int = 0


class FileBasicInfo(NamedTuple):
    """FILE_BASIC_INFO: times in 100 ns since 1601-01-01, FILE_ATTRIBUTE_* bits."""

    creation_time: int
    last_access_time: int
    last_write_time: int
    change_time: int
    attributes: int


class ExportedFile(NamedTuple):
    r"""One file of a layer, as it is exported; the name begins with ``\``."""

    name: str
    info: FileBasicInfo
    #: Bytes of its content, which is one of the backup streams to read.
    size: int
    #: The file of this name in a parent layer is deleted by this layer.
    deleted: bool
