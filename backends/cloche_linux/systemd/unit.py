"""The scope of one container: planned, made around its first process, and taken away again."""

from __future__ import annotations

import functools
import os

from cloche.errors import BackendError, NotFound
from cloche.values import Value
from cloche_linux.cgroups import site as sites
from cloche_linux.cgroups.files import read, read_words
from cloche_linux.privileges import privileges
from cloche_linux.systemd.client import Manager, check_here
from cloche_linux.systemd.naming import UnitName, unit_name
from cloche_linux.systemd.properties import of_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.spec import LinuxDeviceCgroup, Spec
    from cloche_linux.cgroups.layout import Hierarchy
    from cloche_linux.cgroups.settings import Setting
    from cloche_linux.cgroups.site import NoSite, Site
    from cloche_linux.systemd.client import Property

__all__ = ["Unit", "UnitPlan", "for_user", "plan_unit"]

_FOR_ALL = ("CPUAccounting", "MemoryAccounting", "TasksAccounting", "IOAccounting")


def for_user() -> bool:
    """Whether a user's manager is to be asked: the machine's takes orders from its root only."""
    return os.geteuid() != 0 or privileges().mapped


def plan_unit(spec: Spec, id: str) -> UnitPlan:
    """Read from a configuration which scope its container is to be; InvalidSpec.

    Unavailable or TimedOut if the user's manager, which is asked where its groups are, is not here.
    """
    from cloche_linux.systemd.annotations import of_annotations

    user = for_user()
    check_here(user=user)
    path = spec.linux.cgroups_path if spec.linux is not None else None
    return UnitPlan(
        id=id,
        name=unit_name(path, id, user=user),
        user=user,
        base=_base() if user else "",
        further=tuple(of_annotations(spec.annotations or {})),
    )


@functools.cache
def _base() -> str:
    """The group of the user's manager, from the top of the hierarchy."""
    with Manager.open(user=True) as manager:
        return str(manager.read("ControlGroup")).rstrip("/")


class UnitPlan(Value, kw_only=True):
    """A scope that can be made."""

    id: str
    name: UnitName
    #: Whether the user's own manager makes it.
    user: bool
    #: The group of that manager.
    base: str
    #: What the configuration's annotations ask for.
    further: tuple[Property, ...]

    def site(self, hierarchy: Hierarchy, controllers: frozenset[str]) -> Site | NoSite:
        """Tell where in a hierarchy the scope's slices begin, if it can have these controllers."""
        if hierarchy.read_only:
            return sites.read_only(hierarchy)
        place = f"{hierarchy.mount}{self.base}"
        if not self.user:
            return sites.Site(directory=place)
        if hierarchy.version == 2 and controllers <= read_words(f"{place}/cgroup.controllers"):
            return sites.Site(directory=place)
        return sites.undelegated(controllers)

    def start(
        self, pid: int, settings: Sequence[Setting], devices: Sequence[LinuxDeviceCgroup]
    ) -> Unit:
        """Have systemd make the scope with ``pid`` in it; its errors are ours."""
        with Manager.open(user=self.user) as manager:
            version = _version(manager)
            limits = [*of_settings(settings, version), *self._devices(devices)]
            manager.start_scope(self.name.unit, [*self._own(pid), *limits, *self.further])
        unit = Unit(unit=self.name.unit, user=self.user)
        try:
            self._check_place(pid)
        except BackendError:
            unit.stop()
            raise
        return unit

    def _own(self, pid: int) -> list[Property]:
        return [
            ("Description", ("s", f"Cloche container {self.id}")),
            ("Slice", ("s", self.name.slice)),
            ("PIDs", ("au", [pid])),
            ("Delegate", ("b", True)),
            ("DefaultDependencies", ("b", False)),
            ("CollectMode", ("s", "inactive-or-failed")),
            *((name, ("b", True)) for name in _FOR_ALL),
        ]

    def _devices(self, rules: Sequence[LinuxDeviceCgroup]) -> list[Property]:
        if not rules or self.user:
            return []
        from cloche_linux.systemd.device_properties import of_rules

        return of_rules(rules)

    def _check_place(self, pid: int) -> None:
        """See that the process is where all else is to be: another cgroup namespace, or a bug."""
        wanted = f"{self.base}/{self.name.path}"
        groups = {line.split(":", 2)[2] for line in (read(f"/proc/{pid}/cgroup") or "").split()}
        if wanted not in groups:
            found = ", ".join(sorted(groups)) or "none"
            message = f"systemd has made {self.name.unit} as {found}, and not as {wanted}"
            raise BackendError(message, step="StartTransientUnit", path=self.name.unit)


class Unit(Value, kw_only=True):
    """A scope that is there, as any process of ours finds it again."""

    unit: str
    user: bool

    @property
    def info(self) -> dict[str, object]:
        """Small JSON for ``load``."""
        return {"unit": self.unit, "user": self.user}

    @classmethod
    def load(cls, info: object) -> Unit | None:
        """Read what ``info`` wrote; None for nothing, ValueError if it is something else."""
        match info:
            case None:
                return None
            case {"unit": str(unit), "user": bool(user)}:
                return cls(unit=unit, user=user)
        raise ValueError("not the record of a unit")

    def admit(self, pid: int, group: str) -> None:
        """Have systemd move a process into the unit's group, or one beneath it.

        ProcessLookupError if it is gone, else systemd's errors.
        """
        inner = group.partition(f"/{self.unit}")[2] or "/"
        with Manager.open(user=self.user) as manager:
            try:
                manager.attach(self.unit, inner, pid)
            except (BackendError, NotFound) as error:
                if os.path.exists(f"/proc/{pid}"):
                    raise
                raise ProcessLookupError(f"process {pid} is gone") from error

    def update(self, settings: Sequence[Setting]) -> None:
        """Tell systemd of limits that change, as far as it knows of them."""
        with Manager.open(user=self.user) as manager:
            if properties := of_settings(settings, _version(manager)):
                manager.set_properties(self.unit, properties)

    def stop(self) -> None:
        """End the scope and what is in it, and have systemd forget it; repeatable."""
        with Manager.open(user=self.user) as manager:
            manager.kill(self.unit)
            manager.stop(self.unit)
            manager.reset(self.unit)


def _version(manager: Manager) -> int:
    """The number before everything that distributions add."""
    words = str(manager.read("Version")).lstrip("v")
    digits = "".join(one if one.isdigit() else " " for one in words).split()
    return int(digits[0]) if digits else 0
