"""Who a process runs as: numbers, or names looked up in the container's own files."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from cloche.errors import ClocheError, InvalidSpec, NotFound
from cloche.files import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cloche.spec import User

__all__ = ["of_layers", "of_root", "with_numbers"]

_LIMIT = 4 << 20
#: To the kernel this number says "leave it as it is", which is root.
_NO_ID = 2**32 - 1


def with_numbers(
    user: User, groups: Sequence[str], reader: Callable[[], Callable[[str], bytes]]
) -> User:
    """Replace names by numbers, as docker reads ``--user``: a number is never taken for a name.

    A user without an explicit group gets its primary group and those that list it. Raises NotFound
    for an unknown name, InvalidSpec for a number that is no id.
    """
    if not user.username and not groups:
        return user
    look = reader()
    rows = list(_rows(look("/etc/group"), 4))
    found = _resolved(user, list(_rows(look("/etc/passwd"), 7)), rows)
    more = (*(found.additional_gids or ()), *(_group(name, rows) for name in groups))
    return found.replace(additional_gids=tuple(dict.fromkeys(more)) or None, username=None)


def _resolved(user: User, passwd: list[list[str]], groups: list[list[str]]) -> User:
    if not user.username:
        return user
    name, _, group = user.username.partition(":")
    number = _number(name or "0")
    entry = next((row for row in passwd if _is(row, name, number)), None)
    if entry is None and number is None:
        raise NotFound(f"no user {name} in the container", hint="use its number, or add the user")
    uid = int(entry[2]) if entry is not None else number or 0
    gid = _group(group, groups) if group else int(entry[3]) if entry else 0
    listing = [] if group or entry is None else _listing(entry[0], groups)
    return user.replace(uid=uid, gid=gid, additional_gids=(*(user.additional_gids or ()), *listing))


def _is(row: list[str], name: str, number: int | None) -> bool:
    return row[0] == name if number is None else int(row[2]) == number


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal()):
        return None
    if len(text) > 10 or int(text) >= _NO_ID:
        raise InvalidSpec(f"user: {text} is no id", path="user", hint=f"ids end at {_NO_ID - 1}")
    return int(text)


def _group(name: str, groups: list[list[str]]) -> int:
    number = _number(name)
    if number is not None:
        return number
    for row in groups:
        if row[0] == name:
            return int(row[2])
    raise NotFound(f"no group {name} in the container", hint="use its number, or add the group")


def _listing(name: str, groups: list[list[str]]) -> list[int]:
    return [int(row[2]) for row in groups if name in row[3].split(",")]


def _rows(content: bytes, fields: int) -> Iterator[list[str]]:
    """Yield the well-formed rows of a passwd-like file; it is the container's, so hostile."""
    for line in content[:_LIMIT].decode("utf-8", "replace").splitlines():
        row = line.split(":")
        numbers = row[2:3] if fields == 4 else row[2:4]
        if len(row) == fields and all(_is_id(number) for number in numbers):
            yield row


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) < _NO_ID


def of_layers(layers: Sequence[str]) -> Callable[[str], bytes]:
    """Read files of a root that does not exist yet: from its topmost layer that has them."""

    def look(path: str) -> bytes:
        for layer in layers:
            with suppress(ClocheError, OSError):
                return _from_directory(layer, path)
        return b""

    return look


def _from_directory(directory: str, path: str) -> bytes:
    root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return read(root, path)
    finally:
        os.close(root)


def of_root(opened: Callable[[], int]) -> Callable[[str], bytes]:
    """Read files of a running container, whose root ``opened`` opens."""

    def look(path: str) -> bytes:
        root = opened()
        try:
            with suppress(ClocheError):
                return read(root, path)
        finally:
            os.close(root)
        return b""

    return look
