"""The steps that take the helper into its groups and namespaces."""

from __future__ import annotations

from cloche_linux.kernel import Namespace
from cloche_linux.privileges import privileges

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cloche.spec import Linux, LinuxTimeOffset, Spec
    from cloche_linux.blueprint.extras import Extras
    from cloche_linux.blueprint.namespaces import Namespaces
    from cloche_linux.plan import Plan

__all__ = ["enter_namespaces"]

_MADE_BEFORE = Namespace.USER.value | Namespace.PID.value
_NO_OFFSETS: Mapping[str, LinuxTimeOffset] = {}


def enter_namespaces(
    plan: Plan,
    extras: Extras,
    spec: Spec,
    namespaces: Namespaces,
    cgroups: Sequence[int],
) -> None:
    """Enter groups and join or make namespaces; from then on in a child, where that is needed."""
    linux, process = spec.linux, spec.process
    assert linux is not None
    assert process is not None
    if process.oom_score_adj is not None:
        plan.oom_score(_oom_score(process.oom_score_adj))
    for procs in cgroups:
        plan.attach_cgroup(extras.lend(procs))
    if namespaces.has_own(Namespace.USER):
        plan.unshare(Namespace.USER)
        _map(plan, namespaces)
    for kind, path in sorted(namespaces.joined, key=_order):
        plan.origin = "linux.namespaces"
        plan.join(extras.open(path), kind)
    plan.origin = ""
    plan.unshare(int(namespaces.own) & ~_MADE_BEFORE)
    if namespaces.has_own(Namespace.TIME) and linux.time_offsets:
        plan.origin = "linux.timeOffsets"
        plan.time_offsets(_offsets(linux))
        plan.origin = ""
    if namespaces.forks:
        plan.fork(namespaces.has_own(Namespace.PID))


def _order(joined: tuple[Namespace, str]) -> bool:
    """The user namespace first, whose root may join others of it; last by root of this machine.

    That one may join all, and in the user namespace no longer those that belong to another.
    """
    return (joined[0] is Namespace.USER) is not privileges().rootless


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
    with open("/proc/thread-self/oom_score_adj", encoding="utf-8") as file:
        return max(wanted, int(file.read()))
