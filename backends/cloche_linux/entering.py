"""How the first process of a container gets into its control group."""

from __future__ import annotations

from cloche.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche_linux.cgroups import Group, GroupPlan
    from cloche_linux.groups import ContainerGroup

__all__ = ["Place"]


class Place(Value):
    """Where a process is to be, as those see it who lay out its plan."""

    group: Group | None
    plan: GroupPlan | None
    #: Moves it there from outside; None where it finds the way by itself.
    enter: Callable[[int], object] | None

    @classmethod
    def begin(cls, group: ContainerGroup, plan: GroupPlan | None) -> Place:
        """Make the group, if it is not one that is made around the process."""
        if plan is None:
            return cls(None, None, None)
        if plan.unit is not None:
            return cls(None, plan, lambda pid: group.make(plan, pid))
        made = group.make(plan)
        return cls(made, plan, group.attach if made.by_attach else None)

    @property
    def join_fds(self) -> tuple[int, ...]:
        """Files by which it enters by itself."""
        return self.group.join_fds if self.group else ()

    @property
    def clone_into(self) -> int | None:
        """The directory that it is born in."""
        return self.group.clone_into if self.group else None

    @property
    def directories(self) -> tuple[str, ...]:
        """Where the group is, or will be."""
        if self.group is None:
            return self.plan.paths if self.plan else ()
        return self.group.directories
