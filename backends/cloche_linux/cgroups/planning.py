"""What a container's group will be, decided and checked before anything is made."""

from __future__ import annotations

from cloche.errors import InvalidSpec, NotSupported
from cloche.values import Value
from cloche_linux.cgroups.draft import Draft

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cloche.spec import LinuxDeviceCgroup, LinuxResources
    from cloche_linux.cgroups.device_program import Programs
    from cloche_linux.cgroups.draft import Planned
    from cloche_linux.cgroups.group import Group
    from cloche_linux.cgroups.node import Node
    from cloche_linux.cgroups.settings import Setting
    from cloche_linux.systemd.unit import UnitPlan

__all__ = ["GroupPlan", "plan"]


class GroupPlan(Value, kw_only=True):
    """A group that can be made: its directories, their settings, and who may use what."""

    id: str
    directories: tuple[Planned, ...]
    settings: tuple[Setting, ...]
    devices: tuple[LinuxDeviceCgroup, ...]
    programs: Programs | None
    #: Controllers of a scope of systemd's in which the group is made; None without.
    scope: frozenset[str] | None
    #: The scope of systemd's that the group is to be; None if it is made here.
    unit: UnitPlan | None
    #: The caller named the directory, so it may be there already.
    named: bool
    unenforced: frozenset[str]
    #: Limits are named as in a configuration, not by the parameters that stand for them.
    documented: bool = False
    #: Whoever asks can do without a limit by ``--allow-unenforced``.
    droppable: bool = True

    @property
    def info(self) -> dict[str, object]:
        """What ``Group.load`` needs to find and remove the group, should its maker die."""
        return {"id": self.id, "nodes": [planned.node.info for planned in self.directories]}

    @property
    def paths(self) -> tuple[str, ...]:
        """The directories of the group to be."""
        return tuple(planned.node.path for planned in self.directories)

    def create(self, pid: int | None = None) -> Group:
        """Make the group with all limits set; on an error nothing of it is left.

        A unit of systemd's is made around a process, ``pid``, which is in it then.
        Raises AlreadyExists, Unavailable, InvalidSpec, or BackendError for what nobody foresaw.
        """
        from cloche_linux.cgroups.create import create

        return create(self, pid)


def plan(
    resources: LinuxResources | None,
    *,
    id: str,
    path: str | None = None,
    need_freezer: bool = False,
    need_stats: bool = False,
    along: bool = False,
    everywhere: bool = False,
    unenforced: Collection[str] = (),
    programs: Programs | None = None,
    unit: UnitPlan | None = None,
    documented: bool = False,
    droppable: bool = True,
    held: Sequence[Node] = (),
) -> GroupPlan | None:
    """Decide which groups a container needs; None if it needs none.

    ``path`` is the spec's ``cgroupsPath``: absolute from the top of each hierarchy, relative from
    where this process may make groups; without one it is ``cloche/ID`` there, so that ``id`` is to
    be nobody else's. ``need_stats`` adds what can be measured, and is no reason to fail; ``along``
    does so only for a group that is made anyway, ``everywhere`` makes it in every hierarchy.
    ``unit`` has systemd make it, in place of ``path``. ``unenforced`` names limits that may be
    dropped: memory, memory_swap, swappiness, oom, kernel-memory, cpus, cpu_shares, cpuset_cpus,
    pids_limit, io, hugetlb, rdma, network, unified, devices, freezer.

    ``documented``: what can't be had is named by its path in a configuration. ``droppable``: errors
    tell how to do without it, as whoever runs a container can. ``held``: what a group that is to be
    changed has already, wherever that is.

    Makes nothing. Raises InvalidSpec for what no kernel takes, and Unavailable with reason and
    remedy for what can't be enforced here.
    """
    name = _name(path, id) if unit is None else unit.name.path
    draft = Draft(
        name=name,
        unenforced=frozenset(unenforced),
        unit=unit,
        documented=documented,
        droppable=droppable,
        held=held,
    )
    if resources is not None:
        draft.limit(resources, programs)
    if need_freezer:
        draft.freezer()
    if need_stats or everywhere or (along and draft.needed):
        draft.stats()
    if everywhere:
        draft.everywhere()
    directories = draft.directories()
    if not directories and draft.scope is None and unit is None:
        return None
    return GroupPlan(
        id=id,
        directories=directories,
        settings=tuple(draft.settings),
        devices=draft.devices,
        programs=programs,
        scope=draft.scope,
        unit=unit,
        named=path is not None or unit is not None,
        unenforced=frozenset(unenforced),
        documented=documented,
        droppable=droppable,
    )


def _name(path: str | None, id: str) -> str:
    if path is None:
        return f"cloche/{id}"
    if ":" in path and not path.startswith("/"):
        message = f"linux.cgroupsPath: {path!r} is in systemd's form"
        raise NotSupported(message, hint="use --cgroup-manager systemd, or a path")
    names = [name for name in path.split("/") if name not in ("", ".")]
    if not names or ".." in names:
        field = "linux.cgroupsPath"
        raise InvalidSpec(f"{field}: {path!r} is not the path of a group", path=field)
    return "/" * path.startswith("/") + "/".join(names)
