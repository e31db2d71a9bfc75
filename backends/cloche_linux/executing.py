"""Further processes in a running container: how they get in, and who waits for them."""

from __future__ import annotations

import errno

from cloche.runtime import State
from cloche.values import Value
from cloche_linux.blueprint.affinity import initial_affinity
from cloche_linux.blueprint.executed import executed
from cloche_linux.launching import abandon, launch, ready, terminal_pipes
from cloche_linux.listener import listener_of
from cloche_linux.process import SpawnedProcess
from cloche_linux.translate import failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.spec import Process
    from cloche.stdio import Streams
    from cloche.users import Account
    from cloche_linux.cgroups import Group
    from cloche_linux.confinement import Confinement
    from cloche_linux.groups import ContainerGroup
    from cloche_linux.service_class import ServiceClass
    from cloche_linux.spawn import Child

__all__ = ["Entry", "Inside", "execute"]

#: Seconds that a process gets to be set up.
_READY_LIMIT = 30.0


class Entry(Value):
    """What a caller says of a further process beside its specification."""

    preserve_fds: tuple[int, ...] = ()
    #: Groups beneath the container's, by controller; the name "" stands for all others.
    subgroups: Mapping[str, str] = {}
    #: Enter what is paused, too, and wait until it runs on.
    even_paused: bool = False
    #: It does not end with its maker, and whoever adopts it learns how it ends.
    adopted: bool = False

    def states(self, *, gated: bool) -> set[State]:
        """What the container may be doing.

        Who waits at a gate has its root already, so others can be in it before its start.
        """
        more = {State.CREATED: gated, State.PAUSED: self.even_paused}
        return {State.RUNNING} | {state for state, may_be in more.items() if may_be}

    @property
    def limit(self) -> float | None:
        """Seconds to be set up in; who waits for a paused container may wait for ever."""
        return None if self.even_paused else _READY_LIMIT


class Inside(Value, kw_only=True):
    """The container that is entered."""

    id: str
    #: Of its init; the caller's to close.
    pidfd: int
    #: Of its init, on this machine.
    pid: int
    confinement: Confinement
    group: ContainerGroup
    service_class: ServiceClass | None


def execute(
    inside: Inside, id: str, process: Process, streams: Streams, account: Account, entry: Entry
) -> SpawnedProcess:
    """Run a process in a container; errors as of a container's ``exec``."""
    group = inside.group.find()
    if group is not None and entry.subgroups:
        group = group.beneath(entry.subgroups)
    # Who is to have other processors outside of the group can't be born in it.
    late = group is not None and (group.by_attach or initial_affinity(process) is not None)
    try:
        child = _launch_where_it_may(
            inside, process, streams, account, entry, None if late else group
        )
    except OSError as error:
        raise failure(error, "exec", inside.id, process) from error
    return _run(inside, id, process, child, entry, group if late else None)


def _launch_where_it_may(
    inside: Inside,
    process: Process,
    streams: Streams,
    account: Account,
    entry: Entry,
    group: Group | None,
) -> Child:
    """Launch it in the group, or beside init if that moved on.

    A v2 group that hands controllers on to groups beneath it can't have processes itself (EBUSY).
    """
    try:
        return _launch(inside, process, streams, account, entry, group)
    except OSError as error:
        if group is None or error.errno != errno.EBUSY or entry.subgroups:
            raise
        return _launch(inside, process, streams, account, entry, group.around(inside.pid))


def _launch(
    inside: Inside,
    process: Process,
    streams: Streams,
    account: Account,
    entry: Entry,
    group: Group | None,
) -> Child:
    plan, extras = executed(
        inside.pidfd,
        inside.confinement.apart,
        process,
        account,
        seccomp=inside.confinement.seccomp,
        personality=inside.confinement.personality,
        memory_policy=inside.confinement.memory_policy,
        maps=inside.confinement.maps,
        cgroups=group.join_fds if group else (),
        terminal=streams.terminal,
        preserve_fds=entry.preserve_fds,
        detached=entry.adopted,
        chrooted=inside.pid if inside.confinement.chrooted else None,
    )
    try:
        child = launch(
            plan,
            extras.descriptors,
            streams,
            new_pid_namespace=False,
            cgroup=group.clone_into if group else None,
            origins=plan.origins,
        )
    finally:
        extras.close()
    if entry.adopted:
        child.leave_end()
    return child


def _run(
    inside: Inside, id: str, process: Process, child: Child, entry: Entry, late: Group | None
) -> SpawnedProcess:
    """Let an executed process go, once it is where it belongs."""
    listener = listener_of(inside.confinement)
    told = listener.told("running", inside.pid) if listener else None

    def go(pid: int) -> None:
        if late is not None:
            (late if entry.subgroups else inside.group).attach(pid)
        if inside.service_class is not None:
            inside.service_class.enter(pid)
        child.start(listener.limit if listener else entry.limit, told)

    try:
        master = ready(child, entry.limit, go)
    except BaseException as error:
        abandon(child)
        if isinstance(error, TimeoutError) and listener is not None:
            raise listener.silent(inside.id, "exec") from error
        if isinstance(error, OSError):
            raise failure(error, "exec", inside.id, process) from error
        raise
    return SpawnedProcess(id, child, inside.group.oom, terminal_pipes(master))
