"""The control group of one container: made at create if a limit needs it, else when asked for."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from cloche_linux import cgroups
from cloche_linux.programs import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloche.runtime import CreateRequest
    from cloche.spec import LinuxResources
    from cloche.stats import Stats
    from cloche_linux.cgroups import Group, GroupPlan

__all__ = ["ContainerGroup", "planned"]

_NOTE = "cgroup.json"


def planned(request: CreateRequest) -> GroupPlan | None:
    """Decide which group a new container needs; raises for limits that can't be had."""
    linux = request.spec.linux
    if linux is None or (linux.resources is None and linux.cgroups_path is None):
        return None
    return cgroups.plan(
        linux.resources,
        id=request.id,
        path=linux.cgroups_path,
        along=True,
        unenforced=request.unenforced,
        programs=PROGRAMS,
    )


class ContainerGroup:
    """A container's group, if it has one, as any process of ours sees it.

    A note in the container's state directory tells of it, written before it is made: so whoever
    comes later finds it, also when its maker died, or another process asked for it.
    """

    __slots__ = ("_group", "_id", "_state")

    def __init__(self, id: str, state: Path | str) -> None:
        self._id = id
        self._state = str(state)
        self._group: Group | None = None

    def make(self, plan: GroupPlan) -> Group:
        """Make the group; on an error nothing of it is left."""
        note = os.path.join(self._state, _NOTE)
        draft = f"{note}.{os.getpid()}"
        with open(draft, "w", encoding="utf-8") as file:
            json.dump(plan.info, file)
        os.rename(draft, note)
        try:
            self._group = plan.create()
        except BaseException:
            os.unlink(note)
            raise
        return self._group

    def find(self) -> Group | None:
        """Return the group if there is one, whoever made it."""
        if self._group is None:
            try:
                note = Path(self._state, _NOTE).read_text(encoding="utf-8")
            except FileNotFoundError:
                return None
            self._group = cgroups.Group.load(json.loads(note))
        return self._group

    def demand(self, pids: Callable[[], Sequence[int]]) -> Group:
        """Return the group; make one without limits and gather the container's processes if none.

        Raises Unavailable where this user can't have groups.
        """
        group = self.find()
        if group is not None:
            return group
        plan = cgroups.plan(None, id=self._id, need_freezer=True, need_stats=True)
        if plan is None:
            from cloche.errors import Unavailable

            raise Unavailable("this machine has no control groups for containers")
        group = self.make(plan)
        group.adopt(pids)
        return group

    def stats(self, pids: Callable[[], Sequence[int]]) -> Stats:
        return self.demand(pids).stats()

    def update(self, resources: LinuxResources, pids: Callable[[], Sequence[int]]) -> None:
        self.demand(pids).update(resources)

    def frozen(self) -> bool:
        group = self.find()
        return group is not None and group.frozen

    def oom(self) -> bool:
        """Tell whether the kernel ended a process of the container for want of memory."""
        group = self.find()
        return group is not None and bool(group.oom_kills())

    def close(self) -> None:
        """Release descriptors; the group stays."""
        if self._group is not None:
            self._group.close()

    def remove(self) -> None:
        """Take the group away; its processes have ended. Repeatable."""
        group = self.find()
        if group is not None:
            group.remove()
            self._group = None
        try:
            os.unlink(os.path.join(self._state, _NOTE))
        except FileNotFoundError:
            return
