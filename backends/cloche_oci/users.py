"""Who a process runs as: numbers, or names looked up in the container's own files."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from cloche.errors import ClocheError
from cloche.files import read
from cloche.users import group_id, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloche.spec import User

__all__ = ["of_layers", "of_root", "with_numbers"]


def with_numbers(
    user: User, groups: Sequence[str], reader: Callable[[], Callable[[str], bytes]]
) -> User:
    """Replace names by numbers, and add groups; errors as of ``cloche.users.resolve``."""
    if not user.username and not groups:
        return user
    look = reader()
    more = user.additional_gids or ()
    if user.username:
        account = resolve(user.username, lambda path: look(f"/{path}"))
        user = user.replace(uid=account.uid, gid=account.gid, username=None)
        more = (*more, *account.additional_gids)
    more = (*more, *(group_id(name, lambda path: look(f"/{path}")) for name in groups))
    return user.replace(additional_gids=tuple(dict.fromkeys(more)) or None)


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
