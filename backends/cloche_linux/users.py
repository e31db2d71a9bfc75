"""Users and groups by the container's own files, as docker reads ``--user``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import NotFound
from cloche.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Account", "group_id", "resolve"]

_FILES_LIMIT = 4 << 20


class Account(Value, kw_only=True):
    """Who a process runs as."""

    uid: int
    gid: int
    additional_gids: tuple[int, ...] = ()
    #: The home directory from the container's passwd; None if the user is not listed there.
    home: str | None = None


def resolve(user: str, read: Callable[[str], bytes | None]) -> Account:
    """Resolve ``user[:group]``, names or numbers, by ``etc/passwd`` and ``etc/group``.

    ``read`` gives a file of the container, or None. A number needs no entry; a user without an
    explicit group gets its primary group and those that list it. Raises NotFound for a name that
    the container does not know.
    """
    name, _, group = user.partition(":")
    name = name or "0"
    passwd = list(_rows(read("etc/passwd"), 7))
    groups = list(_rows(read("etc/group"), 4))
    entry = next((row for row in passwd if name in (row[0], row[2])), None)
    if entry is None and not name.isdecimal():
        raise NotFound(f"no user {name} in the container", hint="use its number, or add the user")
    uid = int(entry[2]) if entry else int(name)
    gid = _group(group, groups) if group else int(entry[3]) if entry else 0
    more = () if group or entry is None else _listing(entry[0], groups)
    return Account(uid=uid, gid=gid, additional_gids=more, home=entry[5] if entry else None)


def group_id(group: str, read: Callable[[str], bytes | None]) -> int:
    """Resolve one group by name or number; raises NotFound for an unknown name."""
    return _group(group, list(_rows(read("etc/group"), 4)))


def _group(group: str, groups: list[list[str]]) -> int:
    for row in groups:
        if group == row[0]:
            return int(row[2])
    if group.isdecimal():
        return int(group)
    raise NotFound(f"no group {group} in the container", hint="use its number, or add the group")


def _listing(name: str, groups: list[list[str]]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(row[2]) for row in groups if name in row[3].split(",")))


def _rows(content: bytes | None, fields: int) -> Iterator[list[str]]:
    """Yield the well-formed rows of a passwd-like file; the file is the container's, so hostile."""
    for line in (content or b"")[:_FILES_LIMIT].decode("utf-8", "replace").splitlines():
        row = line.split(":")
        numbers = row[2:3] if fields == 4 else row[2:4]
        if len(row) == fields and all(number.isdecimal() for number in numbers):
            yield row
