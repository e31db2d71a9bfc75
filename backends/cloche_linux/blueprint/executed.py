"""The plan of a further process in a running container."""

from __future__ import annotations

from cloche_linux.blueprint.affinity import final_affinity, initial_affinity
from cloche_linux.blueprint.extras import Extras
from cloche_linux.blueprint.labels import add_labels
from cloche_linux.blueprint.process import add_confinement, add_execution
from cloche_linux.kernel import Namespace
from cloche_linux.lacking import check_labels
from cloche_linux.plan import Plan
from cloche_linux.roots import open_root_of_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.spec import LinuxMemoryPolicy, LinuxPersonality, LinuxSeccomp, Process
    from cloche.stdio import Size
    from cloche.users import Account
    from cloche_linux.idmaps import IdMaps

__all__ = ["executed"]


def executed(
    pidfd: int,
    apart: Namespace,
    process: Process,
    account: Account,
    *,
    seccomp: LinuxSeccomp | None,
    personality: LinuxPersonality | None = None,
    memory_policy: LinuxMemoryPolicy | None = None,
    maps: IdMaps | None,
    cgroups: Sequence[int],
    terminal: Size | None,
    preserve_fds: tuple[int, ...] = (),
    detached: bool = False,
    chrooted: int | None = None,
) -> tuple[Plan, Extras]:
    """Lay out a process for the container of the init ``pidfd`` with the namespaces ``apart``.

    It enters the container's cgroups (``cgroup.procs`` files) first, so that nothing of it ever
    runs without their limits, but for the processors where that is to happen; close the extras
    afterwards. ``chrooted``: the pid of an init whose root is not that of its
    mount namespace. Raises InvalidSpec, and Unavailable for labels.
    """
    check_labels(process)
    initial, final = initial_affinity(process), final_affinity(process, detached=detached)
    plan, extras = Plan(), Extras(preserve_fds)
    if detached:
        plan.detach()
    if process.oom_score_adj is not None:
        plan.oom_score(process.oom_score_adj)
    if initial is not None:
        plan.affinity(initial)
    for procs in cgroups:
        plan.attach_cgroup(extras.lend(procs))
    root = None if chrooted is None else extras.take(open_root_of_process(chrooted, pidfd))
    if apart:
        plan.join_process(extras.lend(pidfd), apart)
    if root is not None:
        plan.enter_root(root)
    plan.fork(False)
    add_labels(plan, extras, process)
    plan.session_keyring()
    if terminal is not None:
        plan.terminal(terminal.height, terminal.width, uid=account.uid)
    plan.ready(wait=True)
    if final is not None:
        plan.affinity(final)
    add_confinement(
        plan,
        process,
        account,
        seccomp=seccomp,
        personality=personality,
        memory_policy=memory_policy,
        maps=maps,
        preserved=len(preserve_fds),
        terminal=terminal is not None,
        is_init=False,
        detached=detached,
    )
    add_execution(plan, process, account)
    return plan, extras
