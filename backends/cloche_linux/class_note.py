"""Whether a container has a class of service, which few have: to ask is to cost nothing."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche_linux.service_class import ServiceClass

__all__ = ["CLASS_NOTE", "find_service_class", "has_service_class"]

#: In a container's directory of state.
CLASS_NOTE = "resctrl.json"


def has_service_class(state: str) -> bool:
    """Tell whether one may have been made for the container of a directory."""
    return os.path.exists(f"{state}/{CLASS_NOTE}")


def find_service_class(id: str, state: str, *, new: bool = False) -> ServiceClass | None:
    """A container's class; None if it has none, unless it is to have a ``new`` one."""
    if not new and not has_service_class(state):
        return None
    from cloche_linux.service_class import ServiceClass

    return ServiceClass(id, state)
