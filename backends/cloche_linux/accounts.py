"""Who a process runs as: numbers of the specification, or names looked up in the container."""

from __future__ import annotations

import os
import stat

from cloche.errors import Unavailable
from cloche.users import Account, check_id, group_id, home_of, resolve
from cloche.values import replace
from cloche_linux.blueprint.environment import has_home
from cloche_linux.calls import openat2
from cloche_linux.kernel import Resolve
from cloche_linux.privileges import privileges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cloche.runtime import CreateRequest
    from cloche.spec import Process
    from cloche_linux.confinement import Confinement
    from cloche_linux.idmaps import IdMaps

__all__ = ["account_inside", "account_of_layers", "lasting_groups"]

_LIMIT = 4 << 20
_REMEDY = "install uidmap and give this user ranges in /etc/subuid and /etc/subgid"
_WAY_OUT = f"{_REMEDY}, or --allow-unenforced group_add"


def account_of_layers(
    request: CreateRequest, process: Process, layers: Sequence[str], maps: IdMaps | None
) -> Account:
    """Resolve the user before the container exists, by the files of its layers.

    Raises NotFound for an unknown name, Unavailable for ids that are not mapped.
    """
    from cloche_linux.layerfiles import reader

    more = _further_groups(request, process, layers)
    account = _account(process, reader(layers), maps, more)
    if "group_add" not in request.unenforced:
        _refuse_lost(more, account, written=request.bundle is not None)
    return account


def lasting_groups(
    request: CreateRequest, process: Process, layers: Sequence[str]
) -> tuple[int, ...]:
    """List the groups that further processes get as well; NotFound for an unknown name.

    Those of a bundle are its first process's alone: another user is not to have what root has.
    """
    return () if request.bundle is not None else _further_groups(request, process, layers)


def _further_groups(
    request: CreateRequest, process: Process, layers: Sequence[str]
) -> tuple[int, ...]:
    """List the groups that were asked for beside the user's own; NotFound for an unknown name."""
    numbers = process.user.additional_gids or ()
    if not request.groups:
        return numbers
    from cloche_linux.layerfiles import reader

    return (*numbers, *(group_id(name, reader(layers)) for name in request.groups))


def account_inside(process: Process, root: Callable[[], int], confinement: Confinement) -> Account:
    """Resolve the user by the files of a running container, whose root ``root`` opens.

    It gets the container's further groups; those that the container does without, it does without.
    """
    more = (*(process.user.additional_gids or ()), *confinement.groups)
    # To look into a running container takes a process of ours, and root's home is known.
    if not process.user.username and (process.user.uid == 0 or has_home(process)):
        return _account(process, lambda path: None, confinement.maps, more)
    descriptor = root()
    try:
        return _account(process, lambda path: _read(descriptor, path), confinement.maps, more)
    finally:
        os.close(descriptor)


def _account(
    process: Process,
    read: Callable[[str], bytes | None],
    maps: IdMaps | None,
    more: Sequence[int],
) -> Account:
    user = process.user
    account = resolve(user.username, read) if user.username else _numbered(process, read)
    groups = tuple(dict.fromkeys((*account.additional_gids, *more)))
    _check_ids(account.uid, account.gid, *groups)
    if maps is None:
        same = groups == account.additional_gids
        return account if same else replace(account, additional_gids=groups)
    _check(account, maps)
    return replace(account, additional_gids=_had(groups, maps))


def _numbered(process: Process, read: Callable[[str], bytes | None]) -> Account:
    """The numbers as they are; a home is looked for unless the environment names one."""
    user = process.user
    home = None if has_home(process) else home_of(user.uid, read)
    return Account(uid=user.uid, gid=user.gid, home=home)


def _check_ids(uid: int, *gids: int) -> None:
    """Refuse numbers that the kernel would take for others; raises InvalidSpec."""
    check_id(uid, "process.user.uid")
    for gid in gids:
        check_id(gid, "process.user.gid")


def _check(account: Account, maps: IdMaps) -> None:
    """Refuse ids that a user namespace doesn't map; raises Unavailable."""
    rootless = f"run as root, or {_REMEDY}"
    for known, wanted, word in (
        (maps.has_uid, account.uid, "uid"),
        (maps.has_gid, account.gid, "gid"),
    ):
        if not known(wanted):
            raise Unavailable(
                f"user: {word} {wanted} can't be had without root: it is not mapped",
                reason="in a user namespace there are only mapped ids",
                remedy=rootless if privileges().rootless else f"map it in linux.{word}Mappings",
                backend="linux",
            )


def _had(groups: Sequence[int], maps: IdMaps) -> tuple[int, ...]:
    """The groups that can be had: with a single map none can be set at all."""
    return () if maps.single else tuple(gid for gid in groups if maps.has_gid(gid))


def _refuse_lost(wanted: Sequence[int], account: Account, *, written: bool) -> None:
    """Raise Unavailable for groups that nobody can have, ``written`` in a configuration or not."""
    lost = [gid for gid in wanted if gid not in (account.gid, *account.additional_gids)]
    if lost:
        place = "process.user.additionalGids" if written else "group_add"
        way_out = "map it in linux.gidMappings" if written else _WAY_OUT
        raise Unavailable(
            f"{place}: gid {lost[0]} can't be had without root: it is not mapped",
            reason="in a user namespace there are only mapped ids",
            remedy=way_out,
            backend="linux",
        )


def _read(root: int, path: str) -> bytes | None:
    """Read a file of the container; None for what can't be read, or only by waiting."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = openat2(root, path, flags, resolve=Resolve.IN_ROOT | Resolve.NO_MAGICLINKS)
        try:
            regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
            return os.read(descriptor, _LIMIT) if regular else None
        finally:
            os.close(descriptor)
    except OSError:
        return None
