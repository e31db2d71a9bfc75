"""States of compute systems in the words of the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cloche.runtime import State

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["pids_in", "state_in"]

#: ``State`` of a system's properties; what is not here is on its way, and counts as running.
_STATES: Final = {
    "created": State.CREATED,
    "paused": State.PAUSED,
    "savedastemplate": State.PAUSED,
    "stopped": State.STOPPED,
}


def state_in(properties: Mapping[str, object]) -> State:
    """Read the state of a system that the service knows; builds that tell none mean running."""
    if properties.get("Stopped") is True:
        return State.STOPPED
    return _STATES.get(str(properties.get("State", "")).lower(), State.RUNNING)


def pids_in(properties: Mapping[str, object]) -> list[int]:
    """Read the processes of a container, by their ids on the host."""
    listed = properties.get("ProcessList")
    processes = listed if isinstance(listed, list) else []
    found = [process.get("ProcessId") for process in processes if isinstance(process, dict)]
    return [pid for pid in found if isinstance(pid, int)]
