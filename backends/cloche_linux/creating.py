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
from cloche_linux.gate import Gate
from cloche_linux.group_plans import planned
from cloche_linux.groups import ContainerGroup
from cloche_linux.kernel import Namespace
from cloche_linux.lacking import check_lacking, warn_of_loose
from cloche_linux.launching import abandon, launch, set_up, terminal_pipes
from cloche_linux.process import SpawnedProcess
from cloche_linux.shared_mounts import SharedMounts
from cloche_linux.sysctls import check_sysctls
from cloche_linux.translate import failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloche.layers import RootFilesystem
    from cloche.runtime import CreateRequest
    from cloche.stdio import Streams
    from cloche.users import Account
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.cgroups import GroupPlan
    from cloche_linux.resctrl import ClassPlan
    from cloche_linux.service_class import ServiceClass
    from cloche_linux.spawn import Child

__all__ = ["accept", "create"]


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
    home: str, request: CreateRequest, root: RootFilesystem, streams: Streams
) -> LinuxContainer:
    """Make a container, as ``Runtime.create`` says; ``home`` is the runtime's own directory."""
    linux, process = runnable(request)
    namespaces = choose(linux)
    layers = root.layers or (root.path or "/",)
    account = account_of_layers(request, process, layers, namespaces.maps)
    further = lasting_groups(request, process, layers)
    group = ContainerGroup(request.id, request.state)
    plan = _planned(request, namespaces)
    mounts = _shared_mounts(request, root, namespaces)
    place = Place.begin(group, plan)
    gate = Gate(request.state) if request.lifetime is Lifetime.DETACHED else None
    child: Child | None = None
    service: ServiceClass | None = None
    try:
        service = _service_class(request)
        names = _names(home, root, namespaces)
        child = _spawn(request, root, streams, namespaces, account, names, place, gate)
        pipes = terminal_pipes(set_up(child, namespaces, place.enter, request))
        _settle(child.pid, mounts, service)
        init = SpawnedProcess(request.id, child, group.oom, pipes)
    except BaseException as error:
        _undo(child, gate, mounts, service, group)
        if not isinstance(error, OSError):
            _see_off(request, error)
            raise
        told = failure(error, "create", request.id, process)
        _see_off(request, told)
        raise told from error
    if gate is not None:
        group.close()  # whoever comes later will be another process, as a rule
    return LinuxContainer(
        request.id,
        init,
        confined(request, namespaces, further),
        group,
        started=False,
        process=process,
        gate=gate,
        hooks=_later_hooks(request),
        mounts=mounts,
    )


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
    gate: Gate | None,
    mounts: SharedMounts | None,
    service: ServiceClass | None,
    group: ContainerGroup,
) -> None:
    if child is not None:
        abandon(child)
    if gate is not None:
        gate.remove()
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
    gate: Gate | None,
) -> Child:
    listening = None if gate is None else gate.listen()
    try:
        child = _launch(request, root, streams, namespaces, account, names, group, listening)
        if gate is not None:
            child.leave_end()
        return child
    finally:
        if listening is not None:
            os.close(listening)


def _launch(
    request: CreateRequest,
    root: RootFilesystem,
    streams: Streams,
    namespaces: Namespaces,
    account: Account,
    names: str | None,
    group: Place,
    listening: int | None,
) -> Child:
    laid_out = blueprint.container(
        request,
        root,
        namespaces,
        account,
        names=names,
        terminal=streams.terminal,
        cgroups=group.join_fds,
        by_parent=group.enter is not None,
        gate=listening,
        groups=group.directories,
    )
    try:
        return launch(
            laid_out.plan,
            laid_out.extras.descriptors,
            streams,
            new_pid_namespace=namespaces.spawned_apart,
            cgroup=group.clone_into,
            # Of a specification that we wrote nobody knows the paths.
            origins=laid_out.plan.origins if request.bundle is not None else (),
        )
    finally:
        laid_out.extras.close()
