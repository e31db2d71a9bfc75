"""What the service tells about compute systems and processes."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

__all__ = ["Notification", "NotificationType"]


class NotificationType(IntEnum):
    """The types that vmcompute.dll knows, by HCS_NOTIFICATION_TYPE of schema version 1.

    Source: the notification constants of github.com/microsoft/hcsshim, internal/hcs/callback.go.
    computecore.dll has other numbers for the same names: never share this enum with it. Types
    that are not here come too, from newer builds, and are to be ignored.
    """

    INVALID = 0x0
    SYSTEM_EXITED = 0x1
    SYSTEM_CREATE_COMPLETED = 0x2
    SYSTEM_START_COMPLETED = 0x3
    SYSTEM_PAUSE_COMPLETED = 0x4
    SYSTEM_RESUME_COMPLETED = 0x5
    SYSTEM_CRASH_REPORT = 0x6
    SYSTEM_SILO_JOB_CREATED = 0x7
    SYSTEM_SAVE_COMPLETED = 0x8
    SYSTEM_RDP_ENHANCED_MODE_STATE_CHANGED = 0x9
    SYSTEM_SHUTDOWN_FAILED = 0xA
    SYSTEM_GET_PROPERTIES_COMPLETED = 0xB
    SYSTEM_MODIFY_COMPLETED = 0xC
    SYSTEM_CRASH_INITIATED = 0xD
    SYSTEM_GUEST_CONNECTION_CLOSED = 0xE
    PROCESS_EXITED = 0x10000
    SERVICE_DISCONNECT = 0x01000000


class Notification(NamedTuple):
    """One notification, as it came."""

    #: A NotificationType, or a number that is not known here.
    type: int
    #: An HRESULT, as unsigned 32 bits.
    status: int
    #: A document of the service's, verbatim; None where it gave none.
    data: str | None = None
