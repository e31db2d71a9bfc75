"""Containers that have a keeper, found again: by what was noted, or by the keepers' files alone."""

from __future__ import annotations

from cloche.errors import NotFound
from cloche.identity import open_same
from cloche.runtime import State, Status
from cloche_linux.class_note import has_service_class
from cloche_linux.container import LinuxContainer
from cloche_linux.gate import Gate
from cloche_linux.groups import ContainerGroup
from cloche_linux.keeping import Keeping, all_kept
from cloche_linux.process import KeptProcess, identity_in
from cloche_linux.shared_mounts import SharedMounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

__all__ = ["find", "half_made", "listed"]


def find(home: str, id: str, state: Path | str, info: Mapping[str, Any]) -> LinuxContainer:
    """Find a container as its maker noted it."""
    identity, keeping = identity_in(info, id), Keeping(home, id)
    group, gate = ContainerGroup(id, state), Gate(state)
    return LinuxContainer(
        id,
        KeptProcess(id, identity, open_same(identity), keeping, group.oom),
        None,
        group,
        started=not gate.waits(),
        gate=gate,
        keeping=keeping,
        hooks=info.get("hooks"),
        mounts=SharedMounts(state),
        noted=info,
    )


def half_made(home: str, id: str, state: Path | str) -> LinuxContainer:
    """Find a container without what was noted of it in its record.

    Its keeper's file may tell as much, where the record was lost; else it is what is left of one
    whose maker died before it could note anything. Raises NotFound if nothing of it exists.
    """
    keeping = Keeping(home, id)
    kept = keeping.read()
    if kept is not None and kept.info is not None:
        return find(home, id, kept.state, kept.info)
    group, gate, mounts = ContainerGroup(id, state), Gate(state), SharedMounts(state)
    has_keeper = keeping.exists()
    noted = has_keeper or mounts.noted() or has_service_class(group.state)
    if not noted and group.find() is None and not gate.waits():
        raise NotFound(f"nothing of {id} exists", container=id, backend="linux")
    return LinuxContainer(
        id,
        None,
        None,
        group,
        started=False,
        gate=gate,
        keeping=keeping if has_keeper else None,
        mounts=mounts,
    )


def listed(home: str, owner: str) -> Iterator[Status]:
    """Tell of all that have a keeper's file, one after the other; no handle is kept."""
    for id, keeping, kept in all_kept(home, owner):  # noqa: A001 - as the contract calls it
        if kept.info is None:
            yield Status(id=id, state=State.CREATING if keeping.lives() else State.STOPPED)
            continue
        container = find(home, id, kept.state, kept.info)
        try:
            yield _status(id, container)
        finally:
            container.close()


def _status(id: str, container: LinuxContainer) -> Status:
    state, init = container.state(), container.init
    pid = None if init is None or state is State.STOPPED else init.pid
    return Status(id=id, state=state, pid=pid)
