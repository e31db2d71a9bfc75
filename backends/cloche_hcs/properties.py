"""What can be asked about a compute system, and reading the answers."""

from __future__ import annotations

import json
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from cloche.errors import BackendError
from cloche_hcs.hresult import succeeded
from cloche_hcs.translate import failure

if TYPE_CHECKING:
    from cloche_hcs.vmcompute import Answer

__all__ = ["PropertyType", "document_of", "query_for"]


class PropertyType(StrEnum):
    """What to ask for. Source: PropertyType of schema version 1, as hcsshim's schema1 has it."""

    STATISTICS = "Statistics"
    PROCESS_LIST = "ProcessList"
    #: AreUpdatesPending: the container has to be serviced before its layer goes.
    PENDING_UPDATES = "PendingUpdates"
    MAPPED_VIRTUAL_DISK = "MappedVirtualDisk"
    #: The builds before RS5 have none.
    GUEST_CONNECTION = "GuestConnection"


@cache
def query_for(*types: PropertyType) -> str:
    """The query for some properties; none asks for what identifies the system."""
    return json.dumps({"PropertyTypes": list(types)}) if types else "{}"


def document_of(function: str, answer: Answer[str | None], container: str) -> dict[str, Any]:
    """Read an answer that has to have a document.

    Raises what the code means; BackendError for a document that is empty, missing or none.
    """
    if not succeeded(answer.code):
        raise failure(function, answer.code, answer.result, container=container)
    try:
        read: object = json.loads(answer.value or "")
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict):
        return read
    raise BackendError(
        f"{function}: the service answered with no document",
        step=function,
        container=container,
        backend="hcs",
    )
