"""Where control groups are mounted, and where in them this process stands.

Machines come in three layouts: every controller in a v1 hierarchy (alone or a few together), the
unified v2 hierarchy alone, and both side by side ("hybrid"), where each controller is in one or the
other. So nothing here asks for the layout; it asks which hierarchy holds a controller.

Source of the facts: cgroups(7), proc(5), and the kernel's admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import functools
import os

from cloche.values import Value
from cloche_linux.cgroups.files import read_words
from cloche_linux.mountinfo import unescape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Version = Literal[1, 2]

__all__ = ["Hierarchy", "Layout", "detect", "parse"]


class Hierarchy(Value, kw_only=True):
    """One mounted hierarchy of control groups."""

    version: Version
    controllers: frozenset[str]
    #: Where it is mounted.
    mount: str
    #: The directory of the group that this process is in.
    own: str
    read_only: bool = False


class Layout(Value, kw_only=True):
    """All hierarchies that this process can see."""

    hierarchies: tuple[Hierarchy, ...]

    def holding(self, controller: str) -> Hierarchy | None:
        """Find the hierarchy with this controller; None if it's nowhere."""
        if controller == "cgroup":  # what every group of v2 has
            return self.unified
        return next((h for h in self.hierarchies if controller in h.controllers), None)

    @property
    def unified(self) -> Hierarchy | None:
        """The v2 hierarchy, be it alone or beside others."""
        return next((h for h in self.hierarchies if h.version == 2), None)


@functools.cache
def detect() -> Layout:
    """Look once in the life of this process; ``detect.cache_clear()`` makes it look again."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        table = mounts.read()
    with open("/proc/self/cgroup", encoding="utf-8", errors="surrogateescape") as own:
        return parse(table, own.read())


def parse(mounts: str, own: str) -> Layout:
    """Work out the layout from the texts of ``mountinfo`` and ``cgroup`` of one process.

    Hierarchies whose mount does not show the process's own group are left out, and of several
    mounts of one hierarchy the first counts.
    """
    positions = _positions(own)
    found: dict[frozenset[str], Hierarchy] = {}
    for mount in _visible(mounts):
        names = _controllers(mount, positions)
        if names is not None and (position := _shown(mount, positions[names])) is not None:
            found.setdefault(names, _hierarchy(mount, names, position))
    return Layout(hierarchies=tuple(found.values()))


class _Mount(Value):
    type: str
    root: str
    point: str
    options: str
    super_options: str


def _visible(table: str) -> list[_Mount]:
    """Parse the mounts of control groups, without those hidden by a later mount on top."""
    mounts: dict[str, _Mount] = {}
    for line in table.splitlines():
        mount = _parse_mount(line)
        beneath = mount.point.rstrip("/") + "/"
        for point in [p for p in mounts if p == mount.point or p.startswith(beneath)]:
            del mounts[point]
        if mount.type in ("cgroup", "cgroup2"):
            mounts[mount.point] = mount
    return list(mounts.values())


def _parse_mount(line: str) -> _Mount:
    left, _, right = line.partition(" - ")
    fields, kind = left.split(" "), right.split(" ")
    return _Mount(kind[0], unescape(fields[3]), unescape(fields[4]), fields[5], kind[-1])


def _positions(own: str) -> dict[frozenset[str], str]:
    """Map the controllers of each hierarchy (none for v2) to this process's group in it."""
    lines = (line.split(":", 2) for line in own.splitlines())
    return {frozenset(names.split(",")) - {""}: path for _, names, path in lines}


def _controllers(mount: _Mount, positions: dict[frozenset[str], str]) -> frozenset[str] | None:
    """Name the hierarchy a mount is of as ``positions`` does; None if this process is not in it."""
    options = frozenset(mount.super_options.split(","))
    if mount.type == "cgroup2":
        options = frozenset()
    return next(
        (names for names in positions if names <= options and bool(names) == bool(options)), None
    )


def _hierarchy(mount: _Mount, names: frozenset[str], own: str) -> Hierarchy:
    return Hierarchy(
        version=1 if names else 2,
        controllers=names or read_words(f"{mount.point}/cgroup.controllers"),
        mount=mount.point,
        own=own,
        read_only="ro" in (*mount.options.split(","), *mount.super_options.split(",")),
    )


def _shown(mount: _Mount, position: str) -> str | None:
    """Translate a group's path into a directory; None if the mount shows another part only."""
    root = mount.root.rstrip("/")
    inside = position == root or position.startswith(root + "/")
    if not inside or ".." in position.split("/"):
        return None
    return os.path.normpath(mount.point + "/" + position[len(root) :])
