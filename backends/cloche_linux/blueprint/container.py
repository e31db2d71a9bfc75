"""The plan of a new container."""

from __future__ import annotations

import os

from cloche.demands import sections
from cloche.runtime import Lifetime
from cloche.values import Value, replace
from cloche_linux.annotations import keeps_groups
from cloche_linux.blueprint.affinity import ALL_PROCESSORS
from cloche_linux.blueprint.devices import add_devices
from cloche_linux.blueprint.entering import enter_namespaces
from cloche_linux.blueprint.environment import environment, variables
from cloche_linux.blueprint.extras import Extras
from cloche_linux.blueprint.files import add_files, show_hostname
from cloche_linux.blueprint.hooks import (
    add_hooks_of_creation,
    add_hooks_of_start,
    look_at_root,
)
from cloche_linux.blueprint.labels import add_labels, label_of_files, labelled
from cloche_linux.blueprint.mount_checks import is_bind, is_translated
from cloche_linux.blueprint.mounts import add_mounts, add_read_only
from cloche_linux.blueprint.namespaces import Namespaces
from cloche_linux.blueprint.process import add_confinement, add_execution
from cloche_linux.blueprint.root import add_root, enter_root, propagate_root, root_propagation
from cloche_linux.blueprint.trees import clone_trees, open_places
from cloche_linux.kernel import Attribute, Namespace
from cloche_linux.plan import Plan
from cloche_linux.privileges import privileges
from cloche_linux.sections import kept
from cloche_linux.sysctls import check_sysctls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cloche.layers import RootFilesystem
    from cloche.runtime import CreateRequest
    from cloche.spec import Mount, Process, Spec
    from cloche.stdio import Size
    from cloche.users import Account
    from cloche_linux.detaching import Ends
    from cloche_linux.steps import Extra, Section, Written

__all__ = ["Blueprint", "container"]


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
    by_parent: bool = False,
    ends: Ends | None = None,
    born_in: int | None = None,
    groups: Sequence[str] = (),
) -> Blueprint:
    """Lay out a container; opens descriptors (close ``extras``), makes nothing.

    ``names``: the layer with the names of hosts. ``cgroups``: files by which the helper enters the
    container's groups as its first act. ``by_parent``: this process moves it into its group before
    it does anything. ``ends``: what a container that outlives this process has of it.
    ``born_in``: the group's directory that it is born in. ``groups``: the directories of its
    control group, to be shown where the namespace of groups is not its own. Raises InvalidSpec.
    """
    request = _labelled(request)
    spec = request.spec
    linux, process = sections(spec)
    extras = Extras(request.preserve_fds)
    try:
        places = open_places(extras, spec, namespaces)
        nodes = _make_nodes(extras, request, namespaces)
        constant = _constant(
            request, root, namespaces, account, terminal is not None, groups, places, nodes
        )
        fill, hide, confine = constant.sections
        plan = Plan(constant.text)
        if ends is not None:
            ends.detach(plan, extras, born_in, new_pid_namespace=namespaces.spawned_apart)
            plan.affinity(ALL_PROCESSORS)  # whatever its maker is bound to
        if by_parent:
            plan.group_by_parent()
        clone_trees(plan, spec, places, namespaces, root_propagation(spec))
        _keep_nodes(plan, request, nodes)
        enter_namespaces(plan, extras, spec, namespaces, cgroups)
        add_root(plan, root, spec, namespaces, names, in_place=look_at_root(request))
        add_mounts(plan, root.mounts, namespaces)
        plan.include(fill)
        add_files(plan, request)
        plan.include(hide)
        add_hooks_of_creation(plan, request)
        enter_root(plan, namespaces, pivot=request.pivot)
        propagate_root(plan, linux)
        if not request.idle:
            add_labels(plan, extras, process)
        _announce(plan, request, namespaces, account, terminal)
        add_read_only(plan, spec.mounts or ())
        if ends is not None and request.adopted and not request.idle:
            plan.find_program(_program(process), variables(process))
        _await_start(plan, None if ends is None else extras.lend(ends.listening))
        _become(plan, request, process, account, confine)
    except BaseException:
        extras.close()
        raise
    return Blueprint(plan, extras, namespaces)


def _make_nodes(
    extras: Extras, request: CreateRequest, namespaces: Namespaces
) -> Mapping[int, Extra]:
    linux = request.spec.linux
    if namespaces.maps is None or linux is None or not linux.devices:
        return {}
    from cloche_linux.blueprint.nodes import make_nodes

    return make_nodes(extras, request, namespaces)


def _keep_nodes(plan: Plan, request: CreateRequest, nodes: Mapping[int, Extra]) -> None:
    if nodes:
        from cloche_linux.blueprint.nodes import keep_nodes

        keep_nodes(plan, request, nodes)


def _labelled(request: CreateRequest) -> CreateRequest:
    label = label_of_files(request.spec)
    if label is None:
        return request
    mounts = labelled(request.spec.mounts or (), label)
    return replace(request, spec=request.spec.replace(mounts=mounts))


def _constant(
    request: CreateRequest,
    root: RootFilesystem,
    namespaces: Namespaces,
    account: Account,
    terminal: bool,
    groups: Sequence[str],
    places: Mapping[int, Extra],
    nodes: Mapping[int, Extra],
) -> Written:
    """The sections that are the same for most containers: fill, hide and confine.

    Not kept where they depend on what files of this machine are at this moment.
    """
    spec = request.spec
    linux, process = sections(spec)
    preserved = len(request.preserve_fds)
    named = root.form == "overlay"
    user, keep_groups = process.user, keeps_groups(spec.annotations)
    return kept(
        (
            *(spec.mounts, linux.devices, linux.sysctl, linux.namespaces, linux.seccomp),
            *(linux.readonly_paths, linux.masked_paths, process.capabilities, process.rlimits),
            *(process.scheduler, process.io_priority),
            *(linux.personality, linux.memory_policy),
        ),
        (
            *(named, account, preserved, terminal, request.init, request.lifetime, privileges()),
            *(request.adopted, request.bundle is not None),
            *(process.cwd, process.no_new_privileges, user.umask, keep_groups),
        ),
        (
            lambda plan: _fill(plan, request, namespaces, named, groups, places, nodes),
            lambda plan: _hide(plan, spec),
            lambda plan: add_confinement(
                plan,
                process,
                account,
                seccomp=linux.seccomp,
                maps=namespaces.maps,
                preserved=preserved,
                terminal=terminal,
                is_init=request.init,
                detached=request.lifetime is Lifetime.DETACHED and request.adopted,
                personality=linux.personality,
                memory_policy=linux.memory_policy,
                keep_groups=keep_groups,
            ),
        ),
        keep=namespaces.maps is None and not any(map(_changes, spec.mounts or ())),
    )


def _changes(mount: Mount) -> bool:
    """Whether what is mounted depends on what this machine has at the moment."""
    return is_bind(mount) or is_translated(mount) or mount.type == "cgroup"


def _fill(
    plan: Plan,
    request: CreateRequest,
    namespaces: Namespaces,
    named: bool,
    groups: Sequence[str],
    places: Mapping[int, Extra],
    nodes: Mapping[int, Extra],
) -> None:
    spec = request.spec
    linux, process = sections(spec)
    mounts = spec.mounts or ()
    add_mounts(plan, mounts, namespaces, groups, places)
    add_devices(plan, linux.devices or (), mounts, namespaces, nodes)
    if named:
        show_hostname(plan, spec, namespaces)
    if process.cwd != "/" and (named or request.bundle is not None):
        plan.directory(process.cwd)


def _hide(plan: Plan, spec: Spec) -> None:
    linux, _ = sections(spec)
    for name, (path, value) in check_sysctls(linux).items():
        plan.origin = f'linux.sysctl["{name}"]'
        plan.sysctl(path, value)
    for number, path in _once(linux.readonly_paths):
        plan.origin = f"linux.readonlyPaths[{number}]"
        plan.read_only(path)
    for number, path in _once(linux.masked_paths):
        plan.origin = f"linux.maskedPaths[{number}]"
        plan.mask(path)
    plan.origin = ""


def _once(paths: Sequence[str] | None) -> Iterator[tuple[int, str]]:
    """Number them, and pass over those that are there already."""
    seen: set[str] = set()
    for number, path in enumerate(paths or ()):
        if path not in seen:
            seen.add(path)
            yield number, path


def _announce(
    plan: Plan,
    request: CreateRequest,
    namespaces: Namespaces,
    account: Account,
    terminal: Size | None,
) -> None:
    """What is done once inside, up to telling that all is ready."""
    spec = request.spec
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
    # Not before there is a console, for which a file may have to be made.
    if spec.root is not None and spec.root.readonly:
        plan.root_attributes(Attribute.RDONLY)


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
    add_hooks_of_start(plan, request, environment(process, account))
    add_execution(plan, process, account)
