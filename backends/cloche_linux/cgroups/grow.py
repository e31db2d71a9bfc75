"""Adding to a group that has processes already."""

from __future__ import annotations

from os.path import dirname

from cloche.errors import NotSupported
from cloche.values import replace
from cloche_linux.cgroups.create import apply, make_planned, restrict_devices
from cloche_linux.cgroups.failures import of_making
from cloche_linux.cgroups.members import adopt, attach, members
from cloche_linux.cgroups.node import Node, enable
from cloche_linux.cgroups.removal import remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche_linux.cgroups.planning import GroupPlan

__all__ = ["grow"]


def grow(nodes: Sequence[Node], wanted: GroupPlan) -> tuple[Node, ...]:
    """Make missing directories, set all settings, move the processes in; the nodes then.

    On an error the group is as it was, but for settings already changed.
    """
    kept, new = list(nodes), list[Node]()
    try:
        for planned in wanted.directories:
            index = next((i for i, node in enumerate(kept) if _same(node, planned.node)), None)
            if index is None:
                new.append(make_planned(planned, may_exist=wanted.named))
            else:
                kept[index] = _widened(kept[index], planned.node.controllers)
        if wanted.scope is not None:
            kept = [_widened(node, wanted.scope) for node in kept]
        apply(wanted, [*kept, *new])
        _restrict(wanted, [*kept, *new])
        if nodes and new:
            adopt(lambda pid: attach(new, pid), lambda: members(nodes[0]))
    except BaseException:
        for node in new:
            remove(node)
        raise
    return (*kept, *new)


def _same(node: Node, other: Node) -> bool:
    return node.version == other.version and (
        node.version == 2 or bool(node.controllers & other.controllers)
    )


def _widened(node: Node, controllers: frozenset[str]) -> Node:
    if node.version == 2 and not controllers <= node.controllers:
        try:
            enable(dirname(node.path), controllers)
        except OSError as error:
            raise of_making(error, node.path) from error
    return replace(node, controllers=node.controllers | controllers)


def _restrict(wanted: GroupPlan, nodes: Sequence[Node]) -> None:
    if not wanted.devices:
        return
    if not any("devices" in node.controllers for node in nodes):
        raise NotSupported("device rules can't be changed on cgroup v2", operation="update")
    restrict_devices(wanted.devices, nodes, None)
