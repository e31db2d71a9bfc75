"""Users and groups by the container's own files, as docker reads ``--user``."""

from __future__ import annotations

from cloche.errors import InvalidSpec, NotFound
from cloche.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Account", "check_id", "group_id", "home_of", "resolve"]

_FILES_LIMIT = 4 << 20
#: To the kernel this number says "leave it as it is", which is root; higher ones lose their upper
#: bits.
_NO_ID = 2**32 - 1
_MOST_DIGITS = 10


class Account(Value, kw_only=True):
    """Who a process runs as."""

    uid: int
    gid: int
    additional_gids: tuple[int, ...] = ()
    #: The home directory from the container's passwd; None if the user is not listed there.
    home: str | None = None


def resolve(user: str, read: Callable[[str], bytes | None]) -> Account:
    """Resolve ``user[:group]``, names or numbers, by ``etc/passwd`` and ``etc/group``.

    ``read`` gives a file of the container, or None. A number needs no entry, and is never taken for
    a name: an image could call root 1000 (CVE-2016-3697). A user without an explicit group gets its
    primary group and those that list it. Raises NotFound for a name that the container does not
    know, InvalidSpec for a number that is no id.
    """
    name, _, group = user.partition(":")
    name = name or "0"
    number = _number(name, "user")
    passwd = list(_rows(read("etc/passwd"), 7))
    groups = list(_rows(read("etc/group"), 4))
    entry = next((row for row in passwd if _is(row, name, number)), None)
    if entry is None and number is None:
        raise NotFound(f"no user {name} in the container", hint="use its number, or add the user")
    uid = int(entry[2]) if number is None and entry else number or 0
    gid = _group(group, groups) if group else int(entry[3]) if entry else 0
    more = () if group or entry is None else _listing(entry[0], groups)
    return Account(uid=uid, gid=gid, additional_gids=more, home=entry[5] if entry else None)


def home_of(uid: int, read: Callable[[str], bytes | None]) -> str | None:
    """The home directory that ``etc/passwd`` has for a number; None if it has none."""
    rows = _rows(read("etc/passwd"), 7)
    return next((row[5] for row in rows if int(row[2]) == uid), None)


def group_id(group: str, read: Callable[[str], bytes | None]) -> int:
    """Resolve one group by name or number; raises NotFound for an unknown name."""
    return _group(group, list(_rows(read("etc/group"), 4)))


def check_id(number: int, path: str) -> int:
    """Return a number that is a user's or group's; InvalidSpec for any other."""
    if 0 <= number < _NO_ID:
        return number
    raise InvalidSpec(f"{path}: {number} is no id", path=path, hint=f"ids end at {_NO_ID - 1}")


def _number(text: str, path: str) -> int | None:
    """Read a number as an id; None for a name."""
    if not (text.isascii() and text.isdecimal()):
        return None
    significant = text.lstrip("0")[: 2 * _MOST_DIGITS]  # no id has more, whatever follows
    return check_id(int(significant or "0"), path)


def _is(row: list[str], name: str, number: int | None) -> bool:
    return row[0] == name if number is None else int(row[2]) == number


def _group(group: str, groups: list[list[str]]) -> int:
    number = _number(group, "group")
    if number is not None:
        return number
    for row in groups:
        if group == row[0]:
            return int(row[2])
    raise NotFound(f"no group {group} in the container", hint="use its number, or add the group")


def _listing(name: str, groups: list[list[str]]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(row[2]) for row in groups if name in row[3].split(",")))


def _rows(content: bytes | None, fields: int) -> Iterator[list[str]]:
    """Yield the well-formed rows of a passwd-like file; the file is the container's, so hostile."""
    for line in (content or b"")[:_FILES_LIMIT].decode("utf-8", "replace").splitlines():
        row = line.split(":")
        numbers = row[2:3] if fields == 4 else row[2:4]
        if len(row) == fields and "\0" not in line and all(map(_is_id, numbers)):
            yield row


def _is_id(text: str) -> bool:
    digits = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return digits and int(text) < _NO_ID
