"""All containers of one owner, by one query."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cloche.errors import BackendError
from cloche.runtime import Status
from cloche_hcs import vmcompute
from cloche_hcs.calling import call
from cloche_hcs.hresult import succeeded
from cloche_hcs.states import state_in
from cloche_hcs.translate import failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche_hcs.vmcompute import Answer

__all__ = ["ask_for_systems", "systems_of"]

_FUNCTION = "HcsEnumerateComputeSystems"


def ask_for_systems(timeout: float | None = None) -> Answer[str | None]:
    """Ask for all systems that the service has; the answer is not interpreted."""
    return call(vmcompute.HcsEnumerateComputeSystems, "{}", timeout=timeout)


def systems_of(owner: str) -> list[Status]:
    """Ask the service; owner and type are compared as they are written, case included.

    Raises BackendError for an answer that is no list.
    """
    answer = ask_for_systems()
    if not succeeded(answer.code):
        raise failure(_FUNCTION, answer.code, answer.result)
    return [
        Status(id=name, state=state_in(system))
        for name, system in _systems(answer.value)
        if system.get("Owner") == owner and system.get("SystemType") == "Container"
    ]


def _systems(document: str | None) -> Iterator[tuple[str, dict[str, object]]]:
    try:
        listed: object = json.loads(document or "")
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, list):
        raise BackendError(
            f"{_FUNCTION}: the service answered with no list", step=_FUNCTION, backend="hcs"
        )
    for system in listed:
        if isinstance(system, dict) and isinstance(name := system.get("Id"), str):
            yield name, system
