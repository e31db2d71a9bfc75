"""How a container of the native runtime comes to be: checked, laid out, spawned, and set up."""

from __future__ import annotations

import os

from cloche.demands import runnable
from cloche.runtime import Lifetime
from cloche_linux import blueprint
from cloche_linux.accounts import account_of_layers, lasting_groups
from cloche_linux.blueprint.affinity import check_affinity
from cloche_linux.blueprint.devices import check_devices
from cloche_linux.blueprint.mount_checks import check_mounts
from cloche_linux.blueprint.namespaces import check_namespaces, choose
from cloche_linux.confinement import confined
from cloche_linux.container import LinuxContainer
from cloche_linux.entering import Place
from cloche_linux.group_plans import planned
from cloche_linux.groups import ContainerGroup
from cloche_linux.kernel import Namespace
from cloche_linux.lacking import check_lacking, warn_of_loose
from cloche_linux.launching import abandon, launch, set_up, terminal_pipes
from cloche_linux.process import KeptProcess, SpawnedProcess
from cloche_linux.shared_mounts import SharedMounts
from cloche_linux.sysctls import check_sysctls
from cloche_linux.translate import failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloche.layers import RootFilesystem
    from cloche.runtime import CreateRequest
    from cloche.stdio import Pipes, Streams
    from cloche.users import Account
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.cgroups import GroupPlan
    from cloche_linux.detaching import Detaching, Ends
    from cloche_linux.keeping import Keeping
    from cloche_linux.resctrl import ClassPlan
    from cloche_linux.service_class import ServiceClass
    from cloche_linux.spawn import Child

__all__ = ["accept", "create"]


_NO_CHILD: Child | None = None
_NO_CLASS: ServiceClass | None = None


def accept(request: CreateRequest) -> Sequence[str]:
    """Say which forms of roots will do; errors as of ``Runtime.accepts``."""
    linux, process = runnable(request)
    check_lacking(request.spec)
    check_affinity(process)
    namespaces = choose(linux)
    check_namespaces(linux, namespaces, explicit=request.bundle is not None)
    check_mounts(request.spec.mounts or (), namespaces)
    check_devices(linux.devices or (), request.spec.mounts or (), namespaces)
    check_sysctls(linux)
    planned(request)
    _planned_class(request)
    account_of_layers(request, process, _paths(request), namespaces.maps)
    return ("overlay", "path")


def create(
    home: str, owner: str, request: CreateRequest, root: RootFilesystem, streams: Streams
) -> LinuxContainer:
    """Make a container, as ``Runtime.create`` says; ``home`` is the runtime's own directory."""
    linux, process = runnable(request)
    namespaces = choose(linux)
    layers = root.layers or (root.path or "/",)
    account = account_of_layers(request, process, layers, namespaces.maps)
    group = ContainerGroup(request.id, request.state)
    plan = _planned(request, namespaces)
    mounts = _shared_mounts(request, root, namespaces)
    place = Place.begin(group, plan)
    detaching = _detaching(home, request)
    gate, keeping = (detaching.gate, detaching.keeping) if detaching else (None, None)
    child, service = _NO_CHILD, _NO_CLASS
    try:
        service = _service_class(request)
        names = _names(home, root, namespaces)
        ends = None if detaching is None else detaching.begin(owner, request.state)
        child = _spawn(request, root, streams, namespaces, account, names, place, ends)
        pipes = terminal_pipes(set_up(child, namespaces, place.enter, request))
        _settle(child.pid, mounts, service)
        container = LinuxContainer(
            request.id,
            _init(request.id, child, group, pipes, keeping),
            confined(request, namespaces, lasting_groups(request, process, layers)),
            group,
            started=False,
            process=process,
            gate=gate,
            keeping=keeping,
            hooks=_later_hooks(request),
            mounts=mounts,
        )
        _leave(detaching, container, group)
    except BaseException as error:
        _undo(child, detaching, mounts, service, group)
        if not isinstance(error, OSError):
            _see_off(request, error)
            raise
        told = failure(error, "create", request.id, process)
        _see_off(request, told)
        raise told from error
    return container


def _leave(detaching: Detaching | None, container: LinuxContainer, group: ContainerGroup) -> None:
    """Note what others find it by: whoever comes later will be another process, as a rule."""
    if detaching is None:
        return
    if detaching.keeping is not None:
        detaching.keeping.note(container.info)
    group.close()


def _detaching(home: str, request: CreateRequest) -> Detaching | None:
    """What it is to have that outlives this process; None for one that does not."""
    if request.lifetime is not Lifetime.DETACHED:
        return None
    from cloche_linux.detaching import Detaching

    return Detaching.of(home, request)


def _init(
    id: str,
    child: Child,
    group: ContainerGroup,
    pipes: Pipes | None,
    keeping: Keeping | None,
) -> SpawnedProcess | KeptProcess:
    """The first process, as its maker has it: its own child, or its keeper's."""
    if keeping is None:
        return SpawnedProcess(id, child, group.oom, pipes)
    from cloche.identity import identify

    known = identify(child.pid)
    kept = KeptProcess(id, known, os.dup(child.pidfd), keeping, group.oom, pipes)
    child.close()
    return kept


def _planned(request: CreateRequest, namespaces: Namespaces) -> GroupPlan | None:
    plan = planned(request)
    if plan is None and request.bundle is not None:
        warn_of_loose(namespaces)
    return plan


def _planned_class(request: CreateRequest) -> ClassPlan | None:
    if request.spec.linux is None or request.spec.linux.intel_rdt is None:
        return None
    from cloche_linux.resctrl import plan_class

    return plan_class(request.spec.linux.intel_rdt, request.id)


def _service_class(request: CreateRequest) -> ServiceClass | None:
    """Make the class of service that is asked for; nobody is in it yet."""
    plan = _planned_class(request)
    if plan is None:
        return None
    from cloche_linux.service_class import ServiceClass

    service = ServiceClass(request.id, request.state)
    service.make(plan)
    return service


def _names(home: str, root: RootFilesystem, namespaces: Namespaces) -> str | None:
    if root.form != "overlay":
        return None
    from cloche_linux.names import names_layer

    return names_layer(home, own_network=namespaces.has_own(Namespace.NETWORK))


def _later_hooks(request: CreateRequest) -> Mapping[str, object] | None:
    if request.spec.hooks is None:
        return None
    from cloche_linux.hooks import later_hooks

    return later_hooks(request)


def _see_off(request: CreateRequest, error: BaseException) -> None:
    if request.spec.hooks is not None:
        from cloche_linux.hooks import end_what_a_hook_ended

        end_what_a_hook_ended(request, error)


def _shared_mounts(
    request: CreateRequest, root: RootFilesystem, namespaces: Namespaces
) -> SharedMounts | None:
    """What a container without mounts of its own is going to have mounted on the host."""
    if not namespaces.shares_mounts:
        return None
    mounts = SharedMounts(request.state)
    mounts.note(root.path or "/")
    return mounts


def _settle(pid: int, mounts: SharedMounts | None, service: ServiceClass | None) -> None:
    """Tell what waits for the first process that it is there, and waits for its start."""
    if mounts is not None:
        mounts.made(pid)
    if service is not None:
        service.enter(pid)


def _undo(
    child: Child | None,
    detaching: Detaching | None,
    mounts: SharedMounts | None,
    service: ServiceClass | None,
    group: ContainerGroup,
) -> None:
    if child is not None:
        abandon(child)
    if detaching is not None:
        detaching.undo()
    if mounts is not None:
        mounts.remove()
    if service is not None:
        service.undo()
    group.remove()


def _paths(request: CreateRequest) -> list[str]:
    """Where the container's files can be looked up before its root is made."""
    return [str(layer.path or "/") for layer in request.layers] or ["/"]


def _spawn(
    request: CreateRequest,
    root: RootFilesystem,
    streams: Streams,
    namespaces: Namespaces,
    account: Account,
    names: str | None,
    group: Place,
    ends: Ends | None,
) -> Child:
    try:
        child = _launch(request, root, streams, namespaces, account, names, group, ends)
        if ends is not None and ends.noted is None:
            child.leave_end()
        return child
    finally:
        if ends is not None:
            ends.close()


def _launch(
    request: CreateRequest,
    root: RootFilesystem,
    streams: Streams,
    namespaces: Namespaces,
    account: Account,
    names: str | None,
    group: Place,
    ends: Ends | None,
) -> Child:
    kept = ends is not None and ends.noted is not None
    laid_out = blueprint.container(
        request,
        root,
        namespaces,
        account,
        names=names,
        terminal=streams.terminal,
        cgroups=group.join_fds,
        by_parent=group.enter is not None,
        ends=ends,
        born_in=group.clone_into,
        groups=group.directories,
    )
    try:
        return launch(
            laid_out.plan,
            laid_out.extras.descriptors,
            streams,
            # What has a keeper is born there of that.
            new_pid_namespace=namespaces.spawned_apart and not kept,
            cgroup=None if kept else group.clone_into,
            # Of a specification that we wrote nobody knows the paths.
            origins=laid_out.plan.origins if request.bundle is not None else (),
        )
    finally:
        laid_out.extras.close()
