"""One directory of a group: in v2 its only one, in v1 one for each hierarchy that limits it."""

from __future__ import annotations

import os

from cloche.values import Value, replace
from cloche_linux.cgroups.files import read, read_words, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche_linux.cgroups.layout import Version

__all__ = ["Node", "enable", "make"]


class Node(Value, kw_only=True):
    """A directory, and the number by which it's known to be still the same one."""

    version: Version
    controllers: frozenset[str]
    path: str
    #: None while it is only planned.
    inode: int | None = None
    #: Whether it was there before, so that it stays.
    found: bool = False

    @property
    def info(self) -> dict[str, object]:
        """Small JSON for ``Node.load``."""
        return {
            "version": self.version,
            "controllers": sorted(self.controllers),
            "path": self.path,
            "inode": self.inode,
            **({"found": True} if self.found else {}),
        }

    @classmethod
    def load(cls, info: Mapping[str, object]) -> Node:
        """Read what ``info`` wrote; ValueError if it is something else."""
        match info:
            case {"version": 1 | 2 as version, "path": str(path), "controllers": list(names)}:
                inode = info.get("inode")
                return cls(
                    version=1 if version == 1 else 2,
                    controllers=frozenset(map(str, names)),
                    path=path,
                    inode=inode if isinstance(inode, int) else None,
                    found=info.get("found") is True,
                )
        raise ValueError("not the record of a control group's directory")

    def exists(self) -> bool:
        """Whether the directory is there and is the one that was made, not a namesake."""
        try:
            return os.stat(self.path).st_ino == self.inode or self.inode is None
        except FileNotFoundError:
            return False


def make(node: Node, site: str, *, may_exist: bool = False) -> Node:
    """Make the directory and, where needed, those between ``site`` and it.

    Raises OSError, FileExistsError if the directory is there already, unless it ``may_exist``;
    nothing but empty parents is left then.
    """
    parent = os.path.dirname(node.path)
    for directory in _between(site, parent):
        _mkdir(directory, node, may_exist=True)
    if node.version == 2:
        enable(parent, node.controllers)
    made = _mkdir(node.path, node, may_exist=may_exist)
    return replace(node, inode=os.stat(node.path).st_ino, found=not made)


def enable(directory: str, controllers: frozenset[str]) -> None:
    """Let the children of a v2 group have these controllers, those above it first."""
    file = f"{directory}/cgroup.subtree_control"
    missing = controllers - read_words(file)
    if missing and not missing <= read_words(f"{directory}/cgroup.controllers"):
        enable(os.path.dirname(directory), missing)
    if missing:
        write(file, " ".join(f"+{name}" for name in sorted(missing)))


def _between(site: str, last: str) -> list[str]:
    names = [name for name in os.path.relpath(last, site).split("/") if name != "."]
    return [os.path.join(site, *names[: count + 1]) for count in range(len(names))]


def _mkdir(path: str, node: Node, *, may_exist: bool) -> bool:
    try:
        os.mkdir(path, 0o755)
        made = True
    except FileExistsError:
        if not may_exist:
            raise
        made = False
    if node.version == 1 and "cpuset" in node.controllers:
        _inherit_cpuset(path)
    return made


def _inherit_cpuset(path: str) -> None:
    """Give a new v1 group its parent's processors and memory: it has none, so nobody may enter."""
    for file in ("cpuset.cpus", "cpuset.mems"):
        if not (read(f"{path}/{file}") or "").strip():
            write(f"{path}/{file}", (read(f"{os.path.dirname(path)}/{file}") or "").strip())
