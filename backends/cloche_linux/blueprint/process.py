"""The steps that make a process what its specification says: the same for init and exec."""

from __future__ import annotations

import os

from cloche.errors import InvalidSpec
from cloche_linux.blueprint.environment import environment
from cloche_linux.blueprint.memory import add_memory_policy
from cloche_linux.blueprint.scheduling import add_scheduling
from cloche_linux.capabilities import Masks, kernel_mask
from cloche_linux.kernel import Resource
from cloche_linux.privileges import clamp_limit, privileges
from cloche_linux.steps import Turn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import LinuxMemoryPolicy, LinuxPersonality, LinuxSeccomp, Process
    from cloche.users import Account
    from cloche_linux.idmaps import IdMaps
    from cloche_linux.plan import Plan

__all__ = ["add_confinement", "add_execution"]

_RLIM_INFINITY = 0xFFFFFFFFFFFFFFFF


def add_confinement(
    plan: Plan,
    process: Process,
    account: Account,
    *,
    seccomp: LinuxSeccomp | None,
    maps: IdMaps | None,
    preserved: int,
    terminal: bool,
    is_init: bool,
    detached: bool = False,
    personality: LinuxPersonality | None = None,
    memory_policy: LinuxMemoryPolicy | None = None,
    keep_groups: bool = False,
) -> None:
    """Add everything from closing descriptors to the filter: all but executing the program.

    ``is_init``: the process is under an init of ours, which ends with the embedding process; any
    other is told to die with it itself, unless it is ``detached``. ``keep_groups``: its further
    groups are its maker's.
    """
    plan.descriptors(preserved)
    if terminal:
        plan.controlling_terminal()
    elif detached:
        plan.give_streams(account.uid, account.gid)
    add_scheduling(plan, process, personality)
    if memory_policy is not None:
        add_memory_policy(plan, memory_policy)
    _limits(plan, process)
    plan.umask(0o022 if process.user.umask is None else process.user.umask)
    two = account.uid != 0
    plan.working_directory(process.cwd, Turn.FIRST if two else Turn.ONLY)
    _credentials(plan, process, account, seccomp, maps, keep_groups=keep_groups)
    if two:
        plan.working_directory(process.cwd, Turn.SECOND)
    if not is_init and not detached:
        plan.parent_death()
    if process.no_new_privileges and seccomp is not None:
        _add_filter(plan, seccomp)


def add_execution(plan: Plan, process: Process, account: Account) -> None:
    """Add the last step, the program itself."""
    plan.execute(process.args or (), environment(process, account))


def _limits(plan: Plan, process: Process) -> None:
    for number, limit in enumerate(process.rlimits or ()):
        try:
            resource = Resource[limit.type.removeprefix("RLIMIT_")]
        except KeyError:
            raise InvalidSpec(
                f"no such limit: {limit.type}", path=f"process.rlimits[{number}].type"
            ) from None
        plan.rlimit(resource, *_clamped(resource, limit.soft, limit.hard))


def _clamped(resource: Resource, soft: int, hard: int) -> tuple[int, int]:
    signed = [-1 if value >= _RLIM_INFINITY else value for value in (soft, hard)]
    soft, hard = clamp_limit(resource, *signed)
    return soft & _RLIM_INFINITY, hard & _RLIM_INFINITY


def _credentials(
    plan: Plan,
    process: Process,
    account: Account,
    seccomp: LinuxSeccomp | None,
    maps: IdMaps | None,
    *,
    keep_groups: bool,
) -> None:
    """Order: bounding set, ids, no_new_privs, filter if it needs SYS_ADMIN, then the last sets."""
    # In a user namespace of its own a container may have what the kernel knows; else what we have.
    ceiling = privileges().capabilities if maps is None else kernel_mask()
    sets = Masks.of(process.capabilities).within(ceiling)
    plan.bounding(sets.bounding)
    plan.identity(
        account.uid,
        account.gid,
        () if keep_groups else account.additional_gids,
        keep_groups=keep_groups or (maps is not None and maps.single),
    )
    if process.no_new_privileges:
        plan.no_new_privileges()
    elif seccomp is not None:
        _add_filter(plan, seccomp)
    plan.capabilities(
        permitted=sets.permitted,
        effective=sets.effective,
        inheritable=sets.inheritable,
        ambient=sets.ambient,
    )


def _add_filter(plan: Plan, seccomp: LinuxSeccomp) -> None:
    from cloche_linux.seccomp import asks, filter_flags, program

    listener = (asks(seccomp) and seccomp.listener_path) or ""
    plan.seccomp(program(seccomp, os.uname().machine), filter_flags(seccomp), listener)
