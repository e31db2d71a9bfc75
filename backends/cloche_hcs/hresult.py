"""Result codes of the service, by name, and what they have in common.

Codes are HRESULTs as unsigned 32 bits. Three families arrive: Win32 codes in facility 7,
ERROR_VMCOMPUTE (0xC037…) and HCS_E (0x8037…). The same low word *mostly* means the same: not
for 0x103 (0xC0370103 is "pending"; 0x80370103 does not exist).

Sources: winerror.h of the Windows SDK for the names and numbers, "HCS HRESULT error codes" of the
Host Compute Service's reference (learn.microsoft.com/virtualization/api/hcs/reference) for HCS_E.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = [
    "ALREADY_EXISTS",
    "ALREADY_STOPPED",
    "DENIED",
    "INVALID_STATE",
    "LOST",
    "NOT_FOUND",
    "NOT_READY",
    "NOT_SUPPORTED",
    "HResult",
    "describe",
    "facility",
    "succeeded",
    "win32",
]

FACILITY_WIN32: Final = 7


class HResult(IntEnum):
    """Codes by the names that winerror.h gives them."""

    S_OK = 0x00000000

    # winerror.h, COM
    E_NOTIMPL = 0x80004001
    E_FAIL = 0x80004005
    E_UNEXPECTED = 0x8000FFFF

    # winerror.h, Win32 errors in facility 7
    ERROR_FILE_NOT_FOUND = 0x80070002
    ERROR_PATH_NOT_FOUND = 0x80070003
    ERROR_ACCESS_DENIED = 0x80070005
    ERROR_INVALID_HANDLE = 0x80070006
    ERROR_INVALID_DATA = 0x8007000D
    ERROR_OUTOFMEMORY = 0x8007000E
    ERROR_NO_MORE_FILES = 0x80070012
    ERROR_NOT_READY = 0x80070015
    ERROR_SHARING_VIOLATION = 0x80070020
    ERROR_NOT_SUPPORTED = 0x80070032
    ERROR_INVALID_PARAMETER = 0x80070057
    ERROR_BROKEN_PIPE = 0x8007006D
    ERROR_DISK_FULL = 0x80070070
    ERROR_INSUFFICIENT_BUFFER = 0x8007007A
    #: A procedure that a library lacks, never a process: it must not be taken for "stopped".
    ERROR_PROC_NOT_FOUND = 0x8007007F
    ERROR_DIR_NOT_EMPTY = 0x80070091
    ERROR_ALREADY_EXISTS = 0x800700B7
    ERROR_SERVICE_DISABLED = 0x80070422
    ERROR_SERVICE_DOES_NOT_EXIST = 0x80070424
    ERROR_SERVICE_NOT_ACTIVE = 0x80070426
    ERROR_DEVICE_NOT_CONNECTED = 0x8007048F
    #: The process has exited, or never existed.
    ERROR_NOT_FOUND = 0x80070490
    ERROR_NO_SYSTEM_RESOURCES = 0x800705AA
    ERROR_TIMEOUT = 0x800705B4
    RPC_S_SERVER_UNAVAILABLE = 0x800706BA
    RPC_S_SERVER_TOO_BUSY = 0x800706BB
    RPC_S_CALL_FAILED = 0x800706BE
    RPC_S_CALL_FAILED_DNE = 0x800706BF
    EPT_S_NOT_REGISTERED = 0x800706D9

    # winerror.h, ERROR_VMCOMPUTE_*
    VMCOMPUTE_TERMINATED_DURING_START = 0xC0370100
    VMCOMPUTE_IMAGE_MISMATCH = 0xC0370101
    VMCOMPUTE_HYPERV_NOT_INSTALLED = 0xC0370102
    #: Not an error: a notification will say how it ended.
    VMCOMPUTE_OPERATION_PENDING = 0xC0370103
    VMCOMPUTE_TOO_MANY_NOTIFICATIONS = 0xC0370104
    VMCOMPUTE_INVALID_STATE = 0xC0370105
    VMCOMPUTE_UNEXPECTED_EXIT = 0xC0370106
    VMCOMPUTE_TERMINATED = 0xC0370107
    VMCOMPUTE_CONNECT_FAILED = 0xC0370108
    VMCOMPUTE_TIMEOUT = 0xC0370109
    VMCOMPUTE_CONNECTION_CLOSED = 0xC037010A
    VMCOMPUTE_UNKNOWN_MESSAGE = 0xC037010B
    VMCOMPUTE_UNSUPPORTED_PROTOCOL_VERSION = 0xC037010C
    VMCOMPUTE_INVALID_JSON = 0xC037010D
    VMCOMPUTE_SYSTEM_NOT_FOUND = 0xC037010E
    VMCOMPUTE_SYSTEM_ALREADY_EXISTS = 0xC037010F
    VMCOMPUTE_SYSTEM_ALREADY_STOPPED = 0xC0370110
    VMCOMPUTE_PROTOCOL_ERROR = 0xC0370111
    VMCOMPUTE_INVALID_LAYER = 0xC0370112
    VMCOMPUTE_WINDOWS_INSIDER_REQUIRED = 0xC0370113

    # HCS reference, HCS_E_*
    HCS_E_TERMINATED_DURING_START = 0x80370100
    HCS_E_IMAGE_MISMATCH = 0x80370101
    HCS_E_HYPERV_NOT_INSTALLED = 0x80370102
    HCS_E_INVALID_STATE = 0x80370105
    HCS_E_UNEXPECTED_EXIT = 0x80370106
    HCS_E_TERMINATED = 0x80370107
    HCS_E_CONNECT_FAILED = 0x80370108
    HCS_E_CONNECTION_TIMEOUT = 0x80370109
    HCS_E_CONNECTION_CLOSED = 0x8037010A
    HCS_E_UNKNOWN_MESSAGE = 0x8037010B
    HCS_E_UNSUPPORTED_PROTOCOL_VERSION = 0x8037010C
    HCS_E_INVALID_JSON = 0x8037010D
    HCS_E_SYSTEM_NOT_FOUND = 0x8037010E
    HCS_E_SYSTEM_ALREADY_EXISTS = 0x8037010F
    HCS_E_SYSTEM_ALREADY_STOPPED = 0x80370110
    HCS_E_PROTOCOL_ERROR = 0x80370111
    HCS_E_INVALID_LAYER = 0x80370112
    HCS_E_WINDOWS_INSIDER_REQUIRED = 0x80370113
    HCS_E_SERVICE_NOT_AVAILABLE = 0x80370114
    HCS_E_OPERATION_NOT_STARTED = 0x80370115
    HCS_E_OPERATION_ALREADY_STARTED = 0x80370116
    HCS_E_OPERATION_PENDING = 0x80370117
    HCS_E_OPERATION_TIMEOUT = 0x80370118
    HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET = 0x80370119
    HCS_E_OPERATION_RESULT_ALLOCATION_FAILED = 0x8037011A
    HCS_E_ACCESS_DENIED = 0x8037011B
    HCS_E_GUEST_CRITICAL_ERROR = 0x8037011C
    HCS_E_PROCESS_INFO_NOT_AVAILABLE = 0x8037011D
    HCS_E_SERVICE_DISCONNECT = 0x8037011E
    HCS_E_PROCESS_ALREADY_STOPPED = 0x8037011F


#: The compute system or process is not there: Open, Signal, OpenProcess.
NOT_FOUND: Final = frozenset(
    {
        HResult.VMCOMPUTE_SYSTEM_NOT_FOUND,
        HResult.HCS_E_SYSTEM_NOT_FOUND,
        HResult.ERROR_NOT_FOUND,
    }
)

ALREADY_EXISTS: Final = frozenset(
    {
        HResult.VMCOMPUTE_SYSTEM_ALREADY_EXISTS,
        HResult.HCS_E_SYSTEM_ALREADY_EXISTS,
        HResult.ERROR_ALREADY_EXISTS,
    }
)

#: What shutdown and terminate take for success. ERROR_NOT_FOUND: the process has exited.
ALREADY_STOPPED: Final = frozenset(
    {
        HResult.VMCOMPUTE_SYSTEM_ALREADY_STOPPED,
        HResult.HCS_E_SYSTEM_ALREADY_STOPPED,
        HResult.HCS_E_PROCESS_ALREADY_STOPPED,
        HResult.ERROR_NOT_FOUND,
    }
)

INVALID_STATE: Final = frozenset(
    {
        HResult.VMCOMPUTE_INVALID_STATE,
        HResult.HCS_E_INVALID_STATE,
        HResult.VMCOMPUTE_SYSTEM_ALREADY_STOPPED,
        HResult.HCS_E_SYSTEM_ALREADY_STOPPED,
        HResult.HCS_E_PROCESS_ALREADY_STOPPED,
    }
)

DENIED: Final = frozenset({HResult.ERROR_ACCESS_DENIED, HResult.HCS_E_ACCESS_DENIED})

#: The request, or a part of it, is not known to this build.
NOT_SUPPORTED: Final = frozenset(
    {
        HResult.VMCOMPUTE_UNKNOWN_MESSAGE,
        HResult.HCS_E_UNKNOWN_MESSAGE,
        HResult.VMCOMPUTE_INVALID_JSON,
        HResult.HCS_E_INVALID_JSON,
        HResult.VMCOMPUTE_UNSUPPORTED_PROTOCOL_VERSION,
        HResult.HCS_E_UNSUPPORTED_PROTOCOL_VERSION,
        HResult.ERROR_INVALID_DATA,
        HResult.ERROR_NOT_SUPPORTED,
        HResult.E_NOTIMPL,
    }
)

#: The service went away, perhaps to come back: reopen and register again before giving up.
LOST: Final = frozenset(
    {
        HResult.HCS_E_SERVICE_DISCONNECT,
        HResult.RPC_S_SERVER_UNAVAILABLE,
        HResult.RPC_S_CALL_FAILED,
        HResult.RPC_S_CALL_FAILED_DNE,
    }
)

#: Races of the loop-back disks under a layer: activate and prepare are tried again.
NOT_READY: Final = frozenset({HResult.ERROR_NOT_READY, HResult.ERROR_DEVICE_NOT_CONNECTED})


def succeeded(code: int) -> bool:
    """Say whether a code means success; "pending" is no success yet."""
    return code < 0x80000000


def facility(code: int) -> int:
    """Who reports it: bits 16 to 26 (winerror.h, HRESULT_FACILITY)."""
    return code >> 16 & 0x7FF


def win32(code: int) -> int | None:
    """The Win32 error inside of a code; None for one of another facility."""
    return code & 0xFFFF if facility(code) == FACILITY_WIN32 else None


def describe(code: int) -> str:
    """Name a code for people: ``0xC037010E VMCOMPUTE_SYSTEM_NOT_FOUND``."""
    try:
        return f"0x{code:08X} {HResult(code).name}"
    except ValueError:
        return f"0x{code:08X}"
