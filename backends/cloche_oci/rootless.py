"""The ids that a normal user's containers have (user_namespaces(7), subuid(5))."""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from cloche_oci.programs import find_tool

if TYPE_CHECKING:
    from cloche_oci.keeper.staging import Maps

__all__ = ["is_rootless", "own_maps"]


def is_rootless() -> bool:
    """Whether this user needs a user namespace to make containers."""
    return os.geteuid() != 0


@lru_cache(maxsize=1)
def own_maps() -> Maps | None:
    """Tell the maps of a normal user: itself as root, and its ranges of subordinate ids.

    Without such ranges, or without newuidmap, only the user itself is mapped. None for root.
    """
    if not is_rootless():
        return None
    uid, gid = os.getuid(), os.getgid()
    uids, gids = _ranges("/etc/subuid", uid), _ranges("/etc/subgid", uid)
    programs = [path for name in ("newuidmap", "newgidmap") if (path := find_tool(name))]
    if uids and gids and len(programs) == 2:
        return {"uids": [[0, uid, 1], *uids], "gids": [[0, gid, 1], *gids], "programs": programs}
    return {"uids": [[0, uid, 1]], "gids": [[0, gid, 1]], "programs": None}


def _ranges(path: str, uid: int) -> list[list[int]]:
    """Read a user's ranges; lines name the user by name or number."""
    names = {str(uid)}
    with suppress(KeyError):
        names.add(pwd.getpwuid(uid).pw_name)
    found: list[list[int]] = []
    inside = 1
    for name, first, size in _rows(path):
        if name in names:
            found.append([inside, first, size])
            inside += size
    return found


def _rows(path: str) -> list[tuple[str, int, int]]:
    try:
        with open(path, encoding="utf-8") as file:
            rows = [line.strip().split(":") for line in file]
    except OSError:
        return []
    return [
        (row[0], int(row[1]), int(row[2]))
        for row in rows
        if len(row) == 3 and row[1].isdecimal() and row[2].isdecimal()
    ]
