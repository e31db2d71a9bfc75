"""Other directories of a group than its own: those its processes made, or moved to."""

from __future__ import annotations

import os

from cloche.errors import InvalidSpec, NotFound
from cloche.values import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloche_linux.cgroups.node import Node

__all__ = ["around", "beneath"]

_OTHERS = ""


def beneath(nodes: Sequence[Node], paths: Mapping[str, str]) -> tuple[Node, ...]:
    """The directories that ``paths`` names, by controller; "" names it for all others.

    Raises InvalidSpec for a path that leads out of the group, or a controller that it has not, and
    NotFound for a directory that is not there.
    """
    for controller, path in paths.items():
        if ".." in path.split("/"):
            message = f"bad sub cgroup path: {path} is not a sub cgroup path"
            raise InvalidSpec(message, path="cgroup")
        if controller and not any(controller in node.controllers for node in nodes):
            raise InvalidSpec(f"unknown controller {controller}", path="cgroup")
    return tuple(_beneath(node, paths) for node in nodes)


def _beneath(node: Node, paths: Mapping[str, str]) -> Node:
    named = (paths[name] for name in sorted(node.controllers) if name in paths)
    path = next(named, paths.get(_OTHERS, "")).strip("/")
    if not path:
        return node
    directory = os.path.join(node.path, path)
    if not os.path.isdir(directory):
        raise NotFound(f"adding pid to {directory}/cgroup.procs: no such file or directory")
    return replace(node, path=directory, inode=None)


def around(nodes: Sequence[Node], pid: int) -> tuple[Node, ...]:
    """The same, but in v2 the directory that a process is in."""
    return tuple(_around(node, pid) if node.version == 2 else node for node in nodes)


def _around(node: Node, pid: int) -> Node:
    """Hope that it is beneath the group: a process elsewhere says nothing of where to be."""
    with open(f"/proc/{pid}/cgroup", encoding="ascii", errors="surrogateescape") as file:
        path = next(line[3:].rstrip("\n") for line in file if line.startswith("0::"))
    name = os.path.basename(node.path)
    _, found, below = path.partition(f"/{name}/")
    return replace(node, path=os.path.join(node.path, below), inode=None) if found else node
