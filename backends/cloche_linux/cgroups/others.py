"""Groups that were there before their containers: what is in them already is others'."""

from __future__ import annotations

import os
import warnings

from cloche.errors import InvalidState
from cloche_linux.cgroups import freezer
from cloche_linux.cgroups.members import members

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche_linux.cgroups.node import Node

__all__ = ["GroupWarning", "look_for_others"]


class GroupWarning(UserWarning):
    """A container's group is shared with processes that are not its own."""


def look_for_others(nodes: Iterable[Node]) -> None:
    """Refuse a group that stands still, and tell of one that is not empty, in runc's words.

    In the first nothing would ever be set up. The processes of the second have the container's
    limits from now on, and are stopped and measured with it. Raises InvalidState.
    """
    there = [node for node in nodes if os.path.isdir(node.path)]
    for node in there:
        if freezer.can_freeze(node) and freezer.frozen(node):
            raise InvalidState(
                f"container's cgroup unexpectedly frozen: {node.path}", operation="create"
            )
    count = max((len(members(node)) for node in there), default=0)
    if count:
        message = f"container's cgroup is not empty: {count} process(es) found"
        warnings.warn(message, GroupWarning, stacklevel=2)
