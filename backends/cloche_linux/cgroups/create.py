"""From a plan to a group: directories, settings, device rules; all of it or nothing."""

from __future__ import annotations

import errno
import os
from functools import partial

from cloche.errors import ClocheError, Unavailable
from cloche_linux.cgroups import site as sites
from cloche_linux.cgroups.draft import Planned
from cloche_linux.cgroups.failures import ABSENT, of_making, of_setting
from cloche_linux.cgroups.files import write
from cloche_linux.cgroups.group import Group
from cloche_linux.cgroups.members import attach
from cloche_linux.cgroups.node import Node, make
from cloche_linux.cgroups.others import look_for_others
from cloche_linux.cgroups.removal import remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.spec import LinuxDeviceCgroup
    from cloche_linux.cgroups.device_program import Programs
    from cloche_linux.cgroups.planning import GroupPlan
    from cloche_linux.cgroups.scope import Scope
    from cloche_linux.cgroups.settings import Setting
    from cloche_linux.systemd.unit import Unit

__all__ = ["apply", "create", "make_planned", "restrict_devices"]

#: Where the processes of a crowded site go.
_REST = "cloche.rest"


def create(plan: GroupPlan, pid: int | None = None) -> Group:
    """Make what ``plan`` says; a unit of systemd's around ``pid``.

    InvalidState for a group that is there and stands still.
    """
    if plan.named and plan.unit is None:
        look_for_others(planned.node for planned in plan.directories)
    made: list[Node] = []
    unit = _unit(plan, pid)
    try:
        for planned in plan.directories:
            made.append(make_planned(planned, may_exist=plan.named))
        scope = None if plan.scope is None else _scope(plan.scope)
        if scope is not None:
            made.append(_make_within(scope, plan))
        apply(plan, made)
        restrict_devices(plan.devices, made, plan.programs)
        if unit is not None and pid is not None:
            # Systemd has moved it where it keeps its own account, and knows nothing of the rest.
            attach([node for node in made if node.version == 1], pid)
    except BaseException as error:
        if unit is not None:
            _stop(unit, error)
        for node in reversed(made):
            remove(node)
        raise
    return Group(plan.id, tuple(made), scope, unit)


def _unit(plan: GroupPlan, pid: int | None) -> Unit | None:
    if plan.unit is None:
        return None
    if pid is None:
        raise ValueError("systemd makes no scope without a process")
    return plan.unit.start(pid, plan.settings, plan.devices)


def _stop(unit: Unit, error: BaseException) -> None:
    """Take a unit away again after an error; a second one is told beside the first."""
    try:
        unit.stop()
    except ClocheError as second:
        error.add_note(f"{unit.unit} is left: {second}")


def _scope(controllers: frozenset[str]) -> Scope:
    from cloche_linux.cgroups.scope import own_scope

    return own_scope(controllers)


def _make_within(scope: Scope, plan: GroupPlan) -> Node:
    path = f"{scope.directory}/cloche/{plan.id}"
    node = Node(version=2, controllers=plan.scope or frozenset(), path=path)
    return make_planned(Planned(node=node, site=sites.Site(directory=scope.directory)))


def make_planned(planned: Planned, *, may_exist: bool = False) -> Node:
    """Make one directory, on a site that is cleared first if need be."""
    try:
        if planned.site.crowded:
            sites.empty(planned.site, _REST)
        return make(planned.node, planned.site.directory, may_exist=may_exist)
    except OSError as error:
        raise of_making(error, planned.node.path) from error


def apply(plan: GroupPlan, nodes: Sequence[Node]) -> None:
    """Write a plan's settings.

    The kernel takes some pairs in one order only, which depends on what was set before (memory and
    swap, quota and period): what it refuses at first is tried again after the others.
    """
    first = partial(_set, nodes=nodes, plan=plan)
    again = [one for one in plan.settings if not first(one, again=False)]
    for one in again:
        first(one, again=True)


def _set(setting: Setting, *, nodes: Sequence[Node], plan: GroupPlan, again: bool) -> bool:
    node = next((node for node in nodes if _has(node, setting.controller)), None)
    if node is None:
        return True
    path = f"{node.path}/{setting.file}"
    if setting.instead is not None and not os.path.exists(path):
        setting = setting.instead
        path = f"{node.path}/{setting.file}"
    try:
        write(path, setting.value)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.EBUSY) and not again:
            return False
        if not (error.errno in ABSENT and setting.limit in plan.unenforced):
            raise of_setting(error, setting, path, plan) from error
    return True


def _has(node: Node, controller: str) -> bool:
    return controller in node.controllers or (controller == "cgroup" and node.version == 2)


def restrict_devices(
    rules: Sequence[LinuxDeviceCgroup], nodes: Sequence[Node], programs: Programs | None
) -> None:
    """Put device rules in force, by v1's files where they are, or else by a program."""
    if not rules:
        return
    from cloche_linux.cgroups.device_program import program
    from cloche_linux.cgroups.devices import fold, lines

    node = next((node for node in nodes if "devices" in node.controllers), None)
    if node is not None:
        for file, value in lines(rules):
            write(f"{node.path}/{file}", value)
        return
    unified = next((node for node in nodes if node.version == 2), None)
    if unified is not None and programs is not None:
        _attach_program(program(fold(rules)), unified, programs)


def _attach_program(instructions: bytes, node: Node, programs: Programs) -> None:
    group = os.open(node.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        loaded = programs.load(instructions)
        try:
            programs.attach(group, loaded)
        finally:
            os.close(loaded)
    except OSError as error:
        reason = f"the kernel does not take the BPF program ({error.strerror})"
        raise Unavailable(f"devices: {reason}", reason=reason, remedy="run as root") from error
    finally:
        os.close(group)
