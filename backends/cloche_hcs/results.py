"""The documents in which the service explains results.

Source of the fields: ResultError and ErrorEvent of the HCS schema
(learn.microsoft.com/virtualization/api/hcs/schemareference). A document may come with success, and
may be invalid: what can't be read explains nothing, and hides nothing.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

__all__ = ["ErrorEvent", "ResultError", "parse_result"]


class ErrorEvent(NamedTuple):
    """One step of the way to a failure, told by the component where it happened.

    ``Data`` is left out: its encoding is not reliable.
    """

    message: str = ""
    provider: str = ""
    event_id: int = 0
    source: str = ""
    stack_trace: str = ""
    flags: int = 0


class ResultError(NamedTuple):
    """What a result document says."""

    #: An HRESULT as unsigned 32 bits; 0 if none is told.
    code: int = 0
    message: str = ""
    events: tuple[ErrorEvent, ...] = ()


def parse_result(document: str | None) -> ResultError | None:
    """Read a result document; None if there is none, or if it is not one."""
    if not document:
        return None
    try:
        read: object = json.loads(document)
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict):
        return None
    events = read.get("ErrorEvents")
    return ResultError(
        code=_number(read, "Error") & 0xFFFFFFFF,
        message=_text(read, "ErrorMessage"),
        events=tuple(
            _event(event)
            for event in (events if isinstance(events, list) else ())
            if isinstance(event, dict)
        ),
    )


def _event(event: dict[str, Any]) -> ErrorEvent:
    return ErrorEvent(
        message=_text(event, "Message"),
        provider=_text(event, "Provider"),
        event_id=_number(event, "EventId"),
        source=_text(event, "Source"),
        stack_trace=_text(event, "StackTrace"),
        flags=_number(event, "Flags"),
    )


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    return value.strip() if isinstance(value, str) else ""


def _number(document: dict[str, Any], key: str) -> int:
    value = document.get(key)
    return value if isinstance(value, int) else 0
