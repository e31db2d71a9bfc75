"""A container's group, whatever directories it consists of."""

from __future__ import annotations

import os

from cloche.errors import CleanupFailed, ClocheError, NotSupported
from cloche_linux.cgroups import freezer
from cloche_linux.cgroups.members import adopt, attach, members
from cloche_linux.cgroups.node import Node
from cloche_linux.cgroups.oom import oom_kills
from cloche_linux.cgroups.removal import PATIENCE, remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from cloche.spec import LinuxResources
    from cloche.stats import Stats
    from cloche_linux.cgroups.planning import GroupPlan
    from cloche_linux.cgroups.scope import Scope
    from cloche_linux.systemd.unit import Unit

__all__ = ["Group"]


class Group:
    """The group of one container; every method may be called on any thread.

    A process gets in by one of three ways, and must before it runs anything of the container's:
    ``clone_into`` for clone3, ``join_fds`` for a helper that still is alone in its process, and
    ``attach`` from outside where neither is possible (``by_attach``).
    """

    def __init__(
        self,
        id: str,
        nodes: tuple[Node, ...],
        scope: Scope | None = None,
        unit: Unit | None = None,
    ) -> None:
        self.id = id
        self._nodes = nodes
        #: Systemd's, around the groups of all containers of one maker.
        self._scope = scope
        #: Systemd's, and this group itself.
        self._unit = unit
        self._descriptors: dict[str, int] = {}

    @classmethod
    def load(cls, info: Mapping[str, object]) -> Group:
        """Find a group again by ``info`` (its own, or its plan's).

        Directories that are gone are left out; if all are, every method still works and finds
        nothing. Raises ValueError for what ``info`` did not write.
        """
        match info:
            case {"id": str(id), "nodes": list(nodes)}:
                found = [node for node in map(Node.load, nodes) if node.exists()]
                return cls(id, tuple(found), _scope(info.get("scope")), _unit(info.get("unit")))
        raise ValueError("not the record of a control group")

    @property
    def info(self) -> dict[str, object]:
        """Small JSON from which ``load`` finds this group again."""
        return {
            "id": self.id,
            "nodes": [node.info for node in self._nodes],
            "scope": self._scope.info if self._scope else None,
            "unit": self._unit.info if self._unit else None,
        }

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What it consists of."""
        return self._nodes

    @property
    def directories(self) -> tuple[str, ...]:
        """The group's directories, one in each hierarchy that it is in."""
        return tuple(node.path for node in self._nodes)

    @property
    def clone_into(self) -> int | None:
        """A descriptor for clone3's CLONE_INTO_CGROUP; None if there is no v2 directory.

        It stays this object's; ``close`` closes it.
        """
        node = next((node for node in self._nodes if node.version == 2), None)
        if node is None or self.by_attach:
            return None
        return self._open(node.path, os.O_RDONLY | os.O_DIRECTORY)

    @property
    def join_fds(self) -> tuple[int, ...]:
        """Descriptors of the v1 directories' ``tasks`` files; a process writes ``0`` to each.

        Only a process of one thread may (it would leave its others behind). Then it's 200 times
        as fast as attaching: the kernel (5.6 and later) need not hold up every fork of the machine
        to move a single thread that asks for itself. They stay this object's.
        """
        places = [node.path for node in self._nodes if node.version == 1]
        return tuple(self._open(f"{path}/tasks", os.O_WRONLY) for path in places)

    @property
    def by_attach(self) -> bool:
        """Whether each process must be moved in by ``attach`` once it exists."""
        return self._scope is not None or (self._unit is not None and self._unit.user)

    def attach(self, pid: int) -> None:
        """Move a process with all its threads in, from outside.

        It takes 8 to 20 ms, or little more than none if another process was moved just before.
        Raises ProcessLookupError if the process is gone.
        """
        if not self.by_attach:
            attach(self._nodes, pid)
        elif self._unit is not None:
            self._unit.admit(pid, self._nodes[0].path)
        elif self._nodes and self._scope is not None:
            self._scope.admit(pid, self._nodes[0].path)

    def beneath(self, paths: Mapping[str, str]) -> Group:
        """Groups that its processes made beneath it, by controller; "" stands for all others.

        Raises InvalidSpec and NotFound. Close it, and never remove it.
        """
        from cloche_linux.cgroups.beneath import beneath

        return Group(self.id, beneath(self._nodes, paths), self._scope, self._unit)

    def around(self, pid: int) -> Group:
        """Where ``pid`` is, which may have moved to a v2 group beneath this one; as ``beneath``."""
        from cloche_linux.cgroups.beneath import around

        return Group(self.id, around(self._nodes, pid), self._scope, self._unit)

    def adopt(self, pids: Callable[[], Iterable[int]]) -> None:
        """Move all processes in that ``pids`` lists, until it lists no new one."""
        adopt(self.attach, pids)

    def pids(self) -> list[int]:
        """List the processes, those in groups beneath too; host ids."""
        return members(self._nodes[0]) if self._nodes else []

    def stats(self) -> Stats:
        """Measure what there is to measure."""
        from cloche_linux.cgroups.stats import measure

        return measure(self._nodes)

    def oom_kills(self) -> int | None:
        """Count the processes ended for want of memory; None where nobody counts."""
        return oom_kills(self._nodes)

    def freeze(self) -> None:
        """Stop all processes, and return when they stand still; TimedOut if they don't."""
        freezer.freeze(self._freezing() or self._grow_freezer())

    def thaw(self) -> None:
        """Let all processes run on; not frozen is no error."""
        if (node := self._freezing()) is not None:
            freezer.thaw(node)

    @property
    def found(self) -> bool:
        """Whether any of it was there before."""
        return any(node.found for node in self._nodes)

    @property
    def frozen(self) -> bool:
        """Whether all processes stand still."""
        node = self._freezing()
        return node is not None and freezer.frozen(node)

    def completed(self, resources: LinuxResources) -> LinuxResources:
        """Fill in from what is set what a change means but does not say."""
        from cloche_linux.cgroups.completing import completed

        return completed(resources, self._nodes)

    def update(self, resources: LinuxResources, *, unenforced: Collection[str] = ()) -> None:
        """Change limits; those not named stay. Errors as of ``plan`` and ``create``.

        Device rules can't be changed on v2 (NotSupported).
        """
        from cloche_linux.cgroups.planning import plan

        wanted = plan(
            resources, id=self.id, unenforced=unenforced, droppable=False, held=self._nodes
        )
        if wanted is None:
            return
        if self._unit is not None:
            self._unit.update(wanted.settings)
        self.extend(wanted)

    def extend(self, wanted: GroupPlan) -> None:
        """Add what ``wanted`` has and this group has not, and set its settings."""
        from cloche_linux.cgroups.grow import grow

        self._nodes = grow(self._nodes, wanted)

    def kill(self) -> None:
        """Send SIGKILL to every process; does not wait for their end."""
        from cloche_linux.cgroups.kill import kill_all

        kill_all(self._nodes)
        self.thaw()

    def remove(self) -> None:
        """Take all directories away; repeatable. Waits for dying processes, ends none.

        Raises CleanupFailed if something is left.
        """
        self.close()
        problems: list[Exception] = []
        if self._unit is not None:
            try:
                self._unit.stop()
            except ClocheError as error:
                problems.append(error)
        for node in self._nodes:
            try:
                # Who is still in one is in the others, too, and was waited for.
                remove(node, patience=0 if problems else PATIENCE)
            except (ClocheError, OSError) as error:
                problems.append(error)
        if problems:
            raise CleanupFailed(str(problems[0]), problems=problems, operation="delete")

    def close(self) -> None:
        """Close the descriptors handed out; repeatable, and they are opened again when needed."""
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])

    def _open(self, path: str, flags: int) -> int:
        if path not in self._descriptors:
            self._descriptors[path] = os.open(path, flags | os.O_CLOEXEC)
        return self._descriptors[path]

    def _freezing(self) -> Node | None:
        return next((node for node in self._nodes if freezer.can_freeze(node)), None)

    def _grow_freezer(self) -> Node:
        from cloche_linux.cgroups.planning import plan

        wanted = plan(None, id=self.id, need_freezer=True, droppable=False, held=self._nodes)
        if wanted is not None:
            self.extend(wanted)
        return self._freezing() or _unfreezable()


def _scope(info: object) -> Scope | None:
    if not isinstance(info, dict):
        return None
    from cloche_linux.cgroups.scope import Scope

    return Scope.load(info)


def _unit(info: object) -> Unit | None:
    if info is None:
        return None
    from cloche_linux.systemd.unit import Unit

    return Unit.load(info)


def _unfreezable() -> Node:
    raise NotSupported("this group can't be frozen", operation="pause")
