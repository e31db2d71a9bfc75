"""The mounts that bring the system's trees into a container over the host's root."""

from __future__ import annotations

import os

from cloche.spec import Mount
from cloche_linux.host.allowed import SYSTEM
from cloche_linux.mountinfo import mount_points, points_beneath

__all__ = ["system_trees", "trees_and_submounts"]


def system_trees(root: str = "/") -> list[str]:
    """List the system's real trees, without those that are symbolic links into another."""
    places = (os.path.join(root, name) for name in SYSTEM)
    return [place for place in places if os.path.isdir(place) and not os.path.islink(place)]


def trees_and_submounts() -> tuple[list[str], list[Mount]]:
    """Return the trees to lay overlays on, and read-only mounts of what is mounted inside them.

    An overlay shows its lower directory without what is mounted beneath it (a separate
    ``/usr/local``), so that is mounted again.
    """
    points = mount_points()
    trees = system_trees()
    inner = [point for tree in trees for point in points_beneath(tree, points)]
    return trees, [Mount.bind(point, point, read_only=True) for point in inner]
