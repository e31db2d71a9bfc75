"""The control group of one container: made at create if a limit needs it, else when asked for."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager

from cloche import documents
from cloche.errors import InvalidState, Unavailable
from cloche_linux import cgroups
from cloche_linux.noting import put_note

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from cloche.spec import LinuxResources
    from cloche.stats import Stats
    from cloche_linux.cgroups import Group, GroupPlan

__all__ = ["ContainerGroup"]

_NOTE = "cgroup.json"


class ContainerGroup:
    """A container's group, if it has one, as any process of ours sees it.

    A note in the container's state directory tells of each part of it, written before that is made:
    so whoever comes later finds it, also when its maker died, or another process asked for it.
    """

    __slots__ = ("_group", "_id", "_noted", "_state")

    def __init__(self, id: str, state: Path | str) -> None:
        self._id = id
        self._state = str(state)
        self._group: Group | None = None
        #: The note that ``_group`` was made or read by.
        self._noted = b""

    @property
    def state(self) -> str:
        """The container's state directory."""
        return self._state

    def make(self, plan: GroupPlan, pid: int | None = None) -> Group:
        """Make the group, systemd's around ``pid``; on an error nothing of it is left."""
        self._note(plan.info)
        try:
            self._group = plan.create(pid)
        except BaseException:
            self._forget()
            raise
        if plan.unit is not None or self._group.found:
            # Only now it is known to be ours, to be stopped, or not to be, by whoever comes later.
            self._note(self._group.info)
        return self._group

    def find(self) -> Group | None:
        """Return the group if there is one, whoever made it, or made it larger since."""
        try:
            with open(self._path, "rb") as file:
                noted = file.read()
        except FileNotFoundError:
            return self._group
        if self._group is None or noted != self._noted:
            self.close()
            self._group, self._noted = cgroups.Group.load(documents.parse(noted)), noted
        return self._group

    def attach(self, pid: int) -> None:
        """Move a process into the group from outside (``Group.by_attach``)."""
        group = self.find()
        if group is not None:
            group.attach(pid)
            self._note(group.info)

    def freeze(self, pids: Callable[[], Sequence[int]]) -> None:
        """Stop all processes; raises Unavailable where this user can't."""
        wanted = self._plan("pause", need_freezer=True)
        with self._extended(wanted, pids) as group:
            group.freeze()

    def check_freezing(self, verb: str) -> None:
        """Raise Unavailable, in the verb's name, where this user can't stop processes at all."""
        if self.find() is None:
            self._plan(verb, need_freezer=True)

    def thaw(self) -> None:
        """Let all processes run on, if they were stopped."""
        group = self.find()
        if group is not None:
            group.thaw()

    def stats(self, pids: Callable[[], Sequence[int]]) -> Stats:
        """Measure; a container without a group gets one. Unavailable where this user can't."""
        with self._alone():  # whoever makes the group just now has yet to fill it
            group = self.find()
            if group is not None:
                return group.stats()
        with self._extended(self._plan("stats"), pids) as made:
            return made.stats()

    def update(self, resources: LinuxResources, pids: Callable[[], Sequence[int]]) -> None:
        """Change limits; raises Unavailable where this user can't."""
        found = self.find()
        wanted = resources if found is None else found.completed(resources)
        with self._extended(self._plan("update", wanted), pids) as group:
            group.update(wanted)

    def frozen(self) -> bool:
        group = self.find()
        return group is not None and group.frozen

    def oom(self) -> bool:
        """Tell whether the kernel ended a process of the container for want of memory."""
        group = self.find()
        return group is not None and bool(group.oom_kills())

    def pids(self) -> list[int]:
        """List the processes in it; none without a group."""
        group = self.find()
        return [] if group is None else group.pids()

    def kill(self) -> None:
        """Send SIGKILL to every process in it."""
        group = self.find()
        if group is not None:
            group.kill()

    def close(self) -> None:
        """Release descriptors; the group stays."""
        if self._group is not None:
            self._group.close()

    def remove(self) -> None:
        """Take the group away; its processes have ended. Repeatable."""
        group = self.find()
        if group is not None:
            group.remove()
        self._forget()

    def _plan(
        self, verb: str, resources: LinuxResources | None = None, *, need_freezer: bool = False
    ) -> GroupPlan:
        """Plan what a verb needs; Unavailable in the verb's name."""
        from cloche_linux.group_plans import group_name
        from cloche_linux.programs import PROGRAMS

        name, found = group_name(self._id, self._state), self.find()
        try:
            plan = cgroups.plan(
                resources,
                id=name,
                need_freezer=need_freezer,
                need_stats=True,
                programs=PROGRAMS,
                droppable=False,
                held=() if found is None else found.nodes,
            )
        except Unavailable as error:
            raise _refusal(verb, self._id, error.reason, error.remedy) from error
        if plan is None:
            why = "this user has no delegated control group"
            raise _refusal(verb, self._id, why, "run as root")
        return plan

    @contextmanager
    def _extended(self, wanted: GroupPlan, pids: Callable[[], Sequence[int]]) -> Iterator[Group]:
        """The group, for a change that may add to it what ``wanted`` has; made if there is none."""
        with self._alone():
            group = self.find()
            if group is None:
                group = self.make(wanted)
                group.adopt(pids)
            self._note({**group.info, "nodes": [*_nodes(group.info), *_nodes(wanted.info)]})
            try:
                yield group
            finally:
                self._note(group.info)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from making or extending the group meanwhile."""
        try:
            lock = os.open(self._state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise self._gone() from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(lock).st_nlink == 0:
                raise self._gone()
            yield
        finally:
            os.close(lock)

    def _gone(self) -> InvalidState:
        return InvalidState(f"{self._id} is being removed", container=self._id, backend="linux")

    @property
    def _path(self) -> str:
        return f"{self._state}/{_NOTE}"

    def _note(self, info: Mapping[str, object]) -> None:
        noted = documents.write(info)
        if noted != self._noted:
            put_note(self._path, noted)
            self._noted = noted

    def _forget(self) -> None:
        self._group, self._noted = None, b""
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            return


def _nodes(info: Mapping[str, object]) -> list[object]:
    match info:
        case {"nodes": list(nodes)}:
            return nodes
    raise TypeError("not the record of a control group")


def _refusal(verb: str, id: str, reason: str | None, remedy: str | None) -> Unavailable:
    return Unavailable(
        f"{verb}: {reason}",
        reason=reason,
        remedy=remedy,
        operation=verb,
        container=id,
        backend="linux",
    )
