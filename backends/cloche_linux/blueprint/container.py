"""The plan of a new container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec
from cloche.values import Value
from cloche_linux.blueprint.devices import add_devices
from cloche_linux.blueprint.extras import Extras
from cloche_linux.blueprint.files import add_files, show_hostname
from cloche_linux.blueprint.mounts import add_mounts, is_bind
from cloche_linux.blueprint.namespaces import Namespaces
from cloche_linux.blueprint.process import add_confinement, add_execution
from cloche_linux.blueprint.root import add_root
from cloche_linux.kernel import Attribute, Namespace
from cloche_linux.plan import Plan
from cloche_linux.privileges import privileges
from cloche_linux.sections import kept
from cloche_linux.sysctls import check_sysctls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.layers import RootFilesystem
    from cloche.runtime import CreateRequest
    from cloche.spec import Linux, Process, Spec
    from cloche.stdio import Size
    from cloche_linux.steps import Section, Written
    from cloche_linux.users import Account

__all__ = ["Blueprint", "container"]

_MADE_BEFORE = Namespace.USER.value | Namespace.PID.value


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
) -> Blueprint:
    """Lay out a container; opens descriptors (close ``extras``), makes nothing.

    ``names``: the layer with the names of hosts. ``cgroups``: files by which the helper enters the
    container's groups as its first act. ``attached_later``: it is moved into its group from
    outside, before it starts. Raises InvalidSpec.
    """
    spec = request.spec
    linux, process = _sections(spec)
    constant = _constant(request, root, namespaces, account, terminal is not None)
    fill, hide, confine = constant.sections
    plan, extras = Plan(constant.text), Extras(request.preserve_fds)
    try:
        _enter_namespaces(plan, extras, process, namespaces, cgroups, attached_later)
        add_root(plan, root, linux, namespaces, names)
        add_mounts(plan, root.mounts, namespaces)
        plan.include(fill)
        add_files(plan, request)
        plan.include(hide)
        _announce(plan, spec, namespaces, account, terminal)
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
    process: Process,
    namespaces: Namespaces,
    cgroups: Sequence[int],
    attached_later: bool,
) -> None:
    if process.oom_score_adj is not None:
        plan.oom_score(_oom_score(process.oom_score_adj))
    for procs in cgroups:
        plan.attach_cgroup(extras.lend(procs))
    if namespaces.has_own(Namespace.USER):
        plan.unshare(Namespace.USER)
        _map(plan, namespaces)
    for kind, path in namespaces.joined:
        plan.join(extras.open(path), kind)
    # The namespace of cgroups begins where the process is at that moment.
    late = Namespace.CGROUP.value if attached_later else 0
    plan.unshare(int(namespaces.own) & ~(_MADE_BEFORE | late))
    if namespaces.has_own(Namespace.USER):
        plan.fork(True)


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
        ),
        (
            *(named, account, preserved, terminal, request.init, privileges()),
            *(process.cwd, process.no_new_privileges, user.umask),
        ),
        (
            lambda plan: _fill(plan, spec, namespaces, named),
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
            ),
        ),
        keep=namespaces.maps is None and not any(map(is_bind, spec.mounts or ())),
    )


def _fill(plan: Plan, spec: Spec, namespaces: Namespaces, named: bool) -> None:
    linux, process = _sections(spec)
    mounts = spec.mounts or ()
    add_mounts(plan, mounts, namespaces)
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
    plan.pivot()


def _announce(
    plan: Plan,
    spec: Spec,
    namespaces: Namespaces,
    account: Account,
    terminal: Size | None,
) -> None:
    """What is done once inside, up to telling that all is ready."""
    if spec.root is not None and spec.root.readonly:
        plan.root_attributes(Attribute.RDONLY)
    if spec.hostname and namespaces.has_own(Namespace.UTS):
        plan.hostname(spec.hostname)
    if spec.domainname and namespaces.has_own(Namespace.UTS):
        plan.domainname(spec.domainname)
    if namespaces.has_own(Namespace.NETWORK):
        plan.loopback()
    plan.session_keyring()
    if terminal is not None:
        plan.terminal(terminal.height, terminal.width, uid=account.uid, console=True)
    plan.ready()


def _become(
    plan: Plan, request: CreateRequest, process: Process, account: Account, confine: Section
) -> None:
    if request.idle:
        plan.idle()
        return
    if request.init:
        plan.init()
    plan.include(confine)
    add_execution(plan, process, account)
