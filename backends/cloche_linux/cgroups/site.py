"""Where this process may make groups: what is delegated to it, or the reason why nothing is.

In v1 a group may be made wherever the directory is writable. In v2 controllers can be enabled only
for the children of a group without processes of its own; the root of the machine is the exception.
Source: the kernel's admin-guide/cgroup-v2.rst ("No Internal Process Constraint") and systemd's
CGROUP_DELEGATION.md.
"""

from __future__ import annotations

import os

from cloche.values import Value
from cloche_linux.cgroups.files import read_pids, read_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche_linux.cgroups.layout import Hierarchy

__all__ = ["NoSite", "Site", "empty", "find", "handed_over", "read_only", "undelegated"]


class Site(Value, kw_only=True):
    """A directory beneath which groups can be made."""

    directory: str
    #: Its processes must move into a group beneath it first; they are ours to move.
    crowded: bool = False
    #: Names begin at the top of the hierarchy nevertheless.
    on_the_way: bool = False


class NoSite(Value, kw_only=True):
    """Nothing is delegated to this process."""

    reason: str
    remedy: str


def find(hierarchy: Hierarchy, controllers: frozenset[str]) -> Site | NoSite:
    """Find the nearest place whose children can have these controllers."""
    if hierarchy.read_only:
        return read_only(hierarchy)
    if hierarchy.version == 1 or not controllers:
        return Site(directory=hierarchy.own) if _ours(hierarchy.own) else undelegated(controllers)
    return _find_v2(hierarchy, controllers) or undelegated(controllers)


def handed_over(hierarchy: Hierarchy, name: str, controllers: frozenset[str]) -> Site | None:
    """Find where a group named from the top begins: at the first directory that is ours.

    An administrator may have made it for this user, anywhere, or the group itself.
    """
    directory = hierarchy.mount
    for part in name.strip("/").split("/"):
        below = f"{directory}/{part}"
        if not os.path.isdir(below):
            break
        directory = below
    if hierarchy.read_only or directory == hierarchy.mount or not _ours(directory):
        return None
    there = directory == hierarchy.mount + name
    if hierarchy.version == 2 and not _serves(directory, hierarchy, controllers, there):
        return None
    return Site(directory=os.path.dirname(directory) if there else directory, on_the_way=True)


def read_only(hierarchy: Hierarchy) -> NoSite:
    """Say that nothing can be made where a hierarchy can only be looked at."""
    return NoSite(
        reason=f"{hierarchy.mount} is mounted read-only",
        remedy="mount it read-write, as an outer container's manager can",
    )


def undelegated(controllers: frozenset[str]) -> NoSite:
    """Say that this user was handed over no group with these controllers."""
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        user = str(os.geteuid())
    what = " and ".join(sorted(controllers)) or "control"
    return NoSite(reason=f"user {user} has no delegated {what} cgroup", remedy="run as root")


def empty(site: Site, rest: str) -> None:
    """Move the processes of a crowded site into its child ``rest``, which stays.

    Raises OSError. Repeats until none is left: a process may have forked meanwhile.
    """
    os.makedirs(f"{site.directory}/{rest}", exist_ok=True)
    while pids := read_pids(site.directory):
        for pid in pids:
            _move(pid, f"{site.directory}/{rest}")


def _move(pid: int, directory: str) -> None:
    from cloche_linux.cgroups.files import write

    try:
        write(f"{directory}/cgroup.procs", str(pid))
    except ProcessLookupError:
        return


def _find_v2(hierarchy: Hierarchy, controllers: frozenset[str]) -> Site | None:
    own = hierarchy.own
    if _offers(own, controllers) and not _is_root(own) and _delegated(own):
        return Site(directory=own, crowded=True)
    for directory in _upwards(own, hierarchy.mount):
        if not _ours(directory):
            break
        if _offers(directory, controllers) and (_is_root(directory) or not read_pids(directory)):
            return Site(directory=directory)
    # The root of a cgroup namespace looks like the machine's, but has the constraint.
    if own == hierarchy.mount and _ours(own) and _offers(own, controllers):
        return Site(directory=own, crowded=True)
    return None


def _upwards(directory: str, top: str) -> Iterator[str]:
    while True:
        yield directory
        if directory == top:
            return
        directory = os.path.dirname(directory)


def _ours(directory: str) -> bool:
    made = f"{directory}/cloche"
    places = [directory, made] if os.path.isdir(made) else [directory]
    return all(os.access(place, os.W_OK | os.X_OK) for place in places)


def _offers(directory: str, controllers: frozenset[str]) -> bool:
    writable = os.access(f"{directory}/cgroup.subtree_control", os.W_OK)
    return writable and controllers <= read_words(f"{directory}/cgroup.controllers")


def _serves(directory: str, hierarchy: Hierarchy, controllers: frozenset[str], there: bool) -> bool:
    """Whether a v2 group can be there, or beneath, with these controllers.

    Who moves a process has to be allowed to above both groups.
    """
    shared = os.path.commonpath((directory, hierarchy.own))
    may_enter = os.access(f"{shared}/cgroup.procs", os.W_OK)
    crowded = bool(controllers) and not there and bool(read_pids(directory))
    return may_enter and not crowded and _offers(directory, controllers)


def _is_root(directory: str) -> bool:
    """Only the machine's root group has no type."""
    return not os.path.exists(f"{directory}/cgroup.type")


def _delegated(directory: str) -> bool:
    """Whether systemd (251 and later) marked the group as handed over with all beneath it."""
    for name in ("trusted.delegate", "user.delegate"):
        try:
            if os.getxattr(directory, name) == b"1":
                return _ours(directory)
        except OSError:
            continue
    return False
