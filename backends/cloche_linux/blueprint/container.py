"""The plan of a new container."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec
from cloche.runtime import Lifetime
from cloche.values import Value
from cloche_linux.blueprint.devices import add_devices
from cloche_linux.blueprint.extras import Extras
from cloche_linux.blueprint.files import add_files, show_hostname
from cloche_linux.blueprint.hooks import (
    add_hooks_of_creation,
    add_hooks_of_start,
    look_at_root,
)
from cloche_linux.blueprint.mounts import add_mounts, is_bind
from cloche_linux.blueprint.namespaces import Namespaces, refuse_mounts_of_host
from cloche_linux.blueprint.process import add_confinement, add_execution
from cloche_linux.blueprint.root import add_root, propagate_root
from cloche_linux.kernel import Attribute, Namespace
from cloche_linux.plan import Plan
from cloche_linux.privileges import privileges
from cloche_linux.sections import kept
from cloche_linux.sysctls import check_sysctls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cloche.layers import RootFilesystem
    from cloche.runtime import CreateRequest
    from cloche.spec import Linux, LinuxTimeOffset, Mount, Process, Spec
    from cloche.stdio import Size
    from cloche_linux.steps import Extra, Section, Written
    from cloche_linux.users import Account

__all__ = ["Blueprint", "container"]

_MADE_BEFORE = Namespace.USER.value | Namespace.PID.value
_NO_OFFSETS: Mapping[str, LinuxTimeOffset] = {}


class Blueprint(Value):
    """What is spawned, and with which descriptors."""

    plan: Plan
    extras: Extras
    namespaces: Namespaces


def container(
    request: CreateRequest,
    root: RootFilesystem,
    namespaces: Namespaces,
    account: Account,
    *,
    names: str | None,
    terminal: Size | None,
    cgroups: Sequence[int] = (),
    attached_later: bool = False,
    gate: int | None = None,
    groups: Sequence[str] = (),
) -> Blueprint:
    """Lay out a container; opens descriptors (close ``extras``), makes nothing.

    ``names``: the layer with the names of hosts. ``cgroups``: files by which the helper enters the
    container's groups as its first act. ``attached_later``: it is moved into its group from
    outside, before it starts. ``gate``: the listening socket at which a container that outlives
    this process waits for its start. ``groups``: the directories of its control group, to be shown
    where the namespace of groups is not its own. Raises InvalidSpec.
    """
    spec = request.spec
    linux, process = _sections(spec)
    constant = _constant(request, root, namespaces, account, terminal is not None, groups)
    fill, hide, confine = constant.sections
    plan, extras = Plan(constant.text), Extras(request.preserve_fds)
    try:
        if gate is not None:
            plan.detach()
        _enter_namespaces(plan, extras, spec, namespaces, cgroups, attached_later)
        add_root(plan, root, linux, namespaces, names, in_place=look_at_root(request))
        add_mounts(plan, root.mounts, namespaces)
        plan.include(fill)
        if request.bundle is not None and process.cwd != "/":
            plan.directory(process.cwd)
        add_files(plan, request)
        plan.include(hide)
        add_hooks_of_creation(plan, request)
        plan.pivot(really=request.pivot)
        propagate_root(plan, linux)
        _announce(plan, request, namespaces, account, terminal)
        if gate is not None and not request.idle:
            plan.find_program(_program(process), process.env or ())
        _await_start(plan, None if gate is None else extras.lend(gate))
        if attached_later and namespaces.has_own(Namespace.CGROUP):
            plan.unshare(Namespace.CGROUP)
        _become(plan, request, process, account, confine)
    except BaseException:
        extras.close()
        raise
    return Blueprint(plan, extras, namespaces)


def _sections(spec: Spec) -> tuple[Linux, Process]:
    if spec.linux is None:
        raise InvalidSpec("a specification without a linux section", path="linux")
    if spec.process is None:
        raise InvalidSpec("a specification without a process", path="process")
    return spec.linux, spec.process


def _enter_namespaces(
    plan: Plan,
    extras: Extras,
    spec: Spec,
    namespaces: Namespaces,
    cgroups: Sequence[int],
    attached_later: bool,
) -> None:
    linux, process = _sections(spec)
    if process.oom_score_adj is not None:
        plan.oom_score(_oom_score(process.oom_score_adj))
    for procs in cgroups:
        plan.attach_cgroup(extras.lend(procs))
    if namespaces.has_own(Namespace.USER):
        plan.unshare(Namespace.USER)
        _map(plan, namespaces)
    for kind, path in sorted(namespaces.joined, key=_user_first):
        place = extras.open(path)
        if kind is Namespace.MOUNT:
            refuse_mounts_of_host(extras.descriptors[place])
        plan.join(place, kind)
    # The namespace of cgroups begins where the process is at that moment.
    late = Namespace.CGROUP.value if attached_later else 0
    plan.unshare(int(namespaces.own) & ~(_MADE_BEFORE | late))
    if namespaces.has_own(Namespace.TIME) and linux.time_offsets:
        plan.time_offsets(_offsets(linux))
    if namespaces.forks:
        plan.fork(namespaces.has_own(Namespace.PID))


def _user_first(joined: tuple[Namespace, str]) -> bool:
    return joined[0] is not Namespace.USER


def _offsets(linux: Linux) -> Iterator[tuple[str, int, int]]:
    for clock, offset in (linux.time_offsets or _NO_OFFSETS).items():
        yield clock, offset.secs or 0, offset.nanosecs or 0


def _map(plan: Plan, namespaces: Namespaces) -> None:
    maps = namespaces.maps
    if maps is not None and maps.single:
        plan.map_self(maps.uids[0].outside, maps.gids[0].outside)
    else:
        plan.map_by_parent()


def _oom_score(wanted: int) -> int:
    """Clamp to what may be set: lowering it takes a privilege that root may lack, too."""
    if privileges().may_raise_limits:
        return wanted
    with open("/proc/thread-self/oom_score_adj", encoding="ascii") as file:
        return max(wanted, int(file.read()))


def _constant(
    request: CreateRequest,
    root: RootFilesystem,
    namespaces: Namespaces,
    account: Account,
    terminal: bool,
    groups: Sequence[str],
) -> Written:
    """The sections that are the same for most containers: fill, hide and confine.

    Not kept where they depend on what files of this machine are at this moment.
    """
    spec = request.spec
    linux, process = _sections(spec)
    preserved = len(request.preserve_fds)
    named = root.form == "overlay"
    user = process.user
    return kept(
        (
            *(spec.mounts, linux.devices, linux.sysctl, linux.namespaces, linux.seccomp),
            *(linux.readonly_paths, linux.masked_paths, process.capabilities, process.rlimits),
            *(process.scheduler, process.io_priority, linux.personality),
        ),
        (
            *(named, account, preserved, terminal, request.init, request.lifetime, privileges()),
            *(process.cwd, process.no_new_privileges, user.umask),
        ),
        (
            lambda plan: _fill(plan, spec, namespaces, named, groups),
            lambda plan: _hide(plan, linux),
            lambda plan: add_confinement(
                plan,
                process,
                account,
                seccomp=linux.seccomp,
                maps=namespaces.maps,
                preserved=preserved,
                terminal=terminal,
                is_init=request.init,
                detached=request.lifetime is Lifetime.DETACHED,
                personality=linux.personality,
            ),
        ),
        keep=namespaces.maps is None and not any(map(_changes, spec.mounts or ())),
    )


def _changes(mount: Mount) -> bool:
    """Whether what is mounted depends on what this machine has at the moment."""
    return is_bind(mount) or mount.type == "cgroup"


def _fill(
    plan: Plan, spec: Spec, namespaces: Namespaces, named: bool, groups: Sequence[str]
) -> None:
    linux, process = _sections(spec)
    mounts = spec.mounts or ()
    add_mounts(plan, mounts, namespaces, groups)
    add_devices(plan, linux.devices or (), mounts, namespaces)
    if named:
        show_hostname(plan, spec, namespaces)
        if process.cwd != "/":
            plan.directory(process.cwd)


def _hide(plan: Plan, linux: Linux) -> None:
    for name, value in check_sysctls(linux):
        plan.sysctl(name, value)
    for path in linux.readonly_paths or ():
        plan.read_only(path)
    for path in linux.masked_paths or ():
        plan.mask(path)


def _announce(
    plan: Plan,
    request: CreateRequest,
    namespaces: Namespaces,
    account: Account,
    terminal: Size | None,
) -> None:
    """What is done once inside, up to telling that all is ready."""
    spec = request.spec
    if spec.root is not None and spec.root.readonly:
        plan.root_attributes(Attribute.RDONLY)
    if spec.hostname and namespaces.has_own(Namespace.UTS):
        plan.hostname(spec.hostname)
    if spec.domainname and namespaces.has_own(Namespace.UTS):
        plan.domainname(spec.domainname)
    if namespaces.has_own(Namespace.NETWORK):
        plan.loopback()
    if request.keyring:
        plan.session_keyring()
    if terminal is not None:
        plan.terminal(terminal.height, terminal.width, uid=account.uid, console=True)


def _program(process: Process) -> str:
    """The program as it is found from anywhere: a path may begin at the working directory."""
    assert process.args
    name = process.args[0]
    return os.path.join(process.cwd, name) if "/" in name else name


def _await_start(plan: Plan, gate: Extra | None) -> None:
    """Tell that all is ready, and wait: for the maker, or for whoever comes to the gate."""
    plan.ready(wait=gate is None)
    if gate is not None:
        plan.await_start(gate)


def _become(
    plan: Plan, request: CreateRequest, process: Process, account: Account, confine: Section
) -> None:
    if request.idle:
        plan.idle()
        return
    if request.init:
        plan.init()
    plan.include(confine)
    add_hooks_of_start(plan, request)
    add_execution(plan, process, account)
