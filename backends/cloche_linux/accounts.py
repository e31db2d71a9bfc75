"""Who a process runs as: numbers of the specification, or names looked up in the container."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from cloche_linux.blueprint.process import check_account
from cloche_linux.calls import openat2
from cloche_linux.kernel import Resolve
from cloche_linux.users import Account, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloche.spec import Process
    from cloche_linux.idmaps import IdMaps

__all__ = ["account_inside", "account_of_layers"]

_LIMIT = 4 << 20


def account_of_layers(process: Process, layers: Sequence[str], maps: IdMaps | None) -> Account:
    """Resolve the user before the container exists, by the files of its layers.

    Raises NotFound for an unknown name, Unavailable for ids that are not mapped.
    """
    from cloche_linux.layerfiles import reader

    return _account(process, reader(layers), maps)


def account_inside(process: Process, root: Callable[[], int], maps: IdMaps | None) -> Account:
    """Resolve the user by the files of a running container, whose root ``root`` opens."""
    if not process.user.username:
        return _account(process, lambda path: None, maps)
    descriptor = root()
    try:
        return _account(process, lambda path: _read(descriptor, path), maps)
    finally:
        os.close(descriptor)


def _account(process: Process, read: Callable[[str], bytes | None], maps: IdMaps | None) -> Account:
    user = process.user
    more = user.additional_gids or ()
    if user.username:
        named = resolve(user.username, read)
        account = Account(
            uid=named.uid,
            gid=named.gid,
            additional_gids=tuple(dict.fromkeys((*named.additional_gids, *more))),
            home=named.home,
        )
    else:
        account = Account(uid=user.uid, gid=user.gid, additional_gids=more)
    check_account(account, maps)
    return account


def _read(root: int, path: str) -> bytes | None:
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = openat2(root, path, flags, resolve=Resolve.IN_ROOT | Resolve.NO_MAGICLINKS)
    except OSError:
        return None
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.read(descriptor, _LIMIT) if regular else None
    finally:
        os.close(descriptor)
