"""User and group ids inside a user namespace and outside it (user_namespaces(7))."""

from __future__ import annotations

import os

from cloche.errors import Unavailable
from cloche.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.spec import LinuxIDMapping

__all__ = ["IdMaps", "Range", "outside_of", "own_maps", "requested_maps"]

_HELPER_TIMEOUT = 5.0


class Range(Value):
    """``size`` ids that begin at ``inside`` in the container and at ``outside`` on the host."""

    inside: int
    outside: int
    size: int

    def __str__(self) -> str:
        return f"{self.inside} {self.outside} {self.size}"


def outside_of(inside: int, maps: Sequence[Range]) -> int | None:
    """What an id of the container is on the host; None for one that is not mapped."""
    for part in maps:
        if part.inside <= inside < part.inside + part.size:
            return part.outside + inside - part.inside
    return None


class IdMaps(Value):
    """The maps of one user namespace."""

    uids: tuple[Range, ...]
    gids: tuple[Range, ...]
    #: Only the user itself is mapped: the child writes that alone, after denying setgroups.
    single: bool = False

    def has_uid(self, uid: int) -> bool:
        return outside_of(uid, self.uids) is not None

    def has_gid(self, gid: int) -> bool:
        return outside_of(gid, self.gids) is not None

    def write(self, pid: int) -> None:
        """Write the maps of the process ``pid``, which waits for them in its new namespace.

        With privileges directly, else through newuidmap and newgidmap. Raises Unavailable.
        """
        if os.geteuid() == 0:
            _write_map(pid, "gid_map", self.gids)
            _write_map(pid, "uid_map", self.uids)
        else:
            _run_mapper("newgidmap", pid, self.gids)
            _run_mapper("newuidmap", pid, self.uids)


def requested_maps(
    uids: Sequence[LinuxIDMapping] | None, gids: Sequence[LinuxIDMapping] | None
) -> IdMaps:
    """Take the maps that a specification asks for; a user's own ids alone need nobody's help."""
    maps = IdMaps(_ranges(uids or ()), _ranges(gids or ()))
    user, group = os.geteuid(), os.getegid()
    alone = maps.uids == (Range(0, user, 1),) and maps.gids == (Range(0, group, 1),)
    return IdMaps(maps.uids, maps.gids, single=alone and user != 0)


def own_maps() -> IdMaps:
    """The maps a normal user gets: itself as root, and the ranges of /etc/subuid and /etc/subgid.

    Without such ranges, or without newuidmap, only the user itself is mapped; also with another
    group than the user's own as the first (``newgrp``), which newgidmap refuses.
    """
    uid, gid = os.getuid(), os.getgid()
    uids, gids = _subordinate("/etc/subuid", uid), _subordinate("/etc/subgid", uid)
    mappers = find_program("newuidmap") and find_program("newgidmap")
    if uids and gids and mappers and gid == _first_group(uid):
        return IdMaps((Range(0, uid, 1), *uids), (Range(0, gid, 1), *gids))
    return IdMaps((Range(0, uid, 1),), (Range(0, gid, 1),), single=True)


def find_program(name: str) -> str | None:
    """Find a program of the host by PATH, and in the system's directories whatever PATH says."""
    for directory in (*os.get_exec_path(), "/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        candidate = os.path.join(directory, name)
        if os.access(candidate, os.X_OK) and os.path.isfile(candidate):
            return candidate
    return None


def _ranges(mappings: Sequence[LinuxIDMapping]) -> tuple[Range, ...]:
    return tuple(Range(part.container_id, part.host_id, part.size) for part in mappings)


def _subordinate(path: str, uid: int) -> tuple[Range, ...]:
    """Read a user's ranges (subuid(5)); lines name the user by name or number."""
    try:
        with open(path, encoding="utf-8") as lines:
            rows = [line.strip().split(":") for line in lines]
    except OSError:
        return ()
    names = {str(uid), *_user_names(uid)}
    found: list[Range] = []
    inside = 1
    for row in rows:
        if len(row) == 3 and row[0] in names and row[1].isdecimal() and row[2].isdecimal():
            found.append(Range(inside, int(row[1]), int(row[2])))
            inside += int(row[2])
    return tuple(found)


def _user_names(uid: int) -> set[str]:
    import pwd

    try:
        return {pwd.getpwuid(uid).pw_name}
    except KeyError:
        return set()


def _first_group(uid: int) -> int | None:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_gid
    except KeyError:
        return None


def _write_map(pid: int, name: str, ranges: tuple[Range, ...]) -> None:
    # The kernel takes a map by one write only.
    with open(f"/proc/{pid}/{name}", "wb", buffering=0) as file:
        file.write("\n".join(map(str, ranges)).encode() + b"\n")


def _run_mapper(name: str, pid: int, ranges: tuple[Range, ...]) -> None:
    import subprocess

    program = find_program(name)
    if program is None:
        raise Unavailable(f"{name} is missing", remedy="install the package uidmap")
    numbers = [str(n) for part in ranges for n in (part.inside, part.outside, part.size)]
    try:
        done = subprocess.run(
            [program, str(pid), *numbers],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_HELPER_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{name} did not answer in {_HELPER_TIMEOUT:g} s") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise Unavailable(
            f"{name} refused the id maps: {said}",
            remedy="check the user's lines in /etc/subuid and /etc/subgid",
        )
