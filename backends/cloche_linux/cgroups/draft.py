"""How a plan comes about: limits ask for controllers, controllers for a site in their hierarchy."""

from __future__ import annotations

import os

from cloche.errors import Unavailable
from cloche.values import Value
from cloche_linux.cgroups import site as sites
from cloche_linux.cgroups.layout import detect
from cloche_linux.cgroups.node import Node
from cloche_linux.cgroups.resources import settings
from cloche_linux.cgroups.settings import Refusal, Setting
from cloche_linux.cgroups.site import NoSite, Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.spec import LinuxDeviceCgroup, LinuxResources
    from cloche_linux.cgroups.device_program import Programs
    from cloche_linux.cgroups.layout import Hierarchy
    from cloche_linux.systemd.unit import UnitPlan

__all__ = ["Draft", "Planned"]


class Planned(Value, kw_only=True):
    """A directory to make, and the place beneath which the making begins."""

    node: Node
    site: Site


class Draft:
    """A plan in the making; ``directories`` ends it."""

    def __init__(
        self,
        *,
        name: str,
        unenforced: frozenset[str],
        unit: UnitPlan | None = None,
        documented: bool = False,
        droppable: bool = True,
        held: Sequence[Node] = (),
    ) -> None:
        self.settings: list[Setting] = []
        self.devices: tuple[LinuxDeviceCgroup, ...] = ()
        self.scope: frozenset[str] | None = None
        self._layout = detect()
        self._name = name
        self._unit = unit
        self._held = held
        self._documented = documented
        self._droppable = droppable
        self._unenforced = unenforced
        self._wanted: dict[Hierarchy, set[str]] = {}

    @property
    def needed(self) -> bool:
        """Whether anything was taken in so far."""
        return bool(self._wanted)

    def limit(self, resources: LinuxResources, programs: Programs | None) -> None:
        """Take in what the specification limits."""
        for answer in settings(resources, self._layout):
            if isinstance(answer, Refusal):
                self._refuse(answer)
            elif self._want(answer.controller):
                self.settings.append(answer)
            else:
                self._refuse(_absent(answer.limit, answer.controller, answer.field))
        if resources.devices:
            self._limit_devices(resources.devices, programs)

    def freezer(self) -> None:
        """Take in what it takes to freeze: any v2 group, or the v1 controller."""
        unified = self._layout.unified
        if unified and self._in_reach(unified):
            self._wanted.setdefault(unified, set())
        elif not self._want("freezer"):
            found = self._site(unified, frozenset()) if unified else None
            absent = _absent("freezer", "freezer", "")
            self._refuse(_denied("freezer", found, "") if isinstance(found, NoSite) else absent)

    def stats(self) -> None:
        """Take in what can be measured here; any v2 group measures processor time."""
        unified = self._layout.unified
        if unified and self._in_reach(unified):
            self._wanted.setdefault(unified, set())
        for controller in ("memory", "pids", "blkio", "io", *([] if unified else ["cpuacct"])):
            holder = self._layout.holding(controller)
            if holder and self._in_reach(holder, controller):
                self._want(controller)

    def everywhere(self) -> None:
        """Take in every hierarchy there is, as callers expect who name the group's directory."""
        for hierarchy in self._layout.hierarchies:
            if hierarchy.version == 2:
                if self._in_reach(hierarchy):
                    self._wanted.setdefault(hierarchy, set())
            elif not hierarchy.read_only and self._from_top(hierarchy, hierarchy.controllers):
                self._wanted.setdefault(hierarchy, set()).update(hierarchy.controllers)

    def directories(self) -> tuple[Planned, ...]:
        """Find a site in each hierarchy for what is wanted of it."""
        places = [self._place(hierarchy) for hierarchy in list(self._wanted)]
        return tuple(planned for planned in places if planned is not None)

    def _want(self, controller: str) -> bool:
        holder = self._layout.holding(controller)
        if holder is not None:
            self._wanted.setdefault(holder, set()).update({controller} - {"cgroup"})
        return holder is not None

    def _limit_devices(
        self, rules: tuple[LinuxDeviceCgroup, ...], programs: Programs | None
    ) -> None:
        from cloche_linux.cgroups.devices import with_defaults

        self.devices = with_defaults(rules)
        if not self._want("devices"):
            self._want_program(programs)

    def _want_program(self, programs: Programs | None) -> None:
        unified = self._layout.unified
        if unified is not None and programs is not None and os.geteuid() == 0:
            self._wanted.setdefault(unified, set())
            return
        self.devices = ()
        reason = "device rules on cgroup v2 are a BPF program, which only root may load"
        self._refuse(Refusal(limit="devices", reason=reason, remedy="run as root", field="devices"))

    def _place(self, hierarchy: Hierarchy) -> Planned | None:
        wanted = frozenset(self._wanted[hierarchy])
        site = self._site(hierarchy, wanted)
        if isinstance(site, NoSite):
            wanted = self._reduced(hierarchy, wanted, site)
            site = self._site(hierarchy, wanted)
        if isinstance(site, NoSite) or self.scope is not None:
            return None
        above = hierarchy.mount if site.on_the_way else site.directory
        path = os.path.join(above, self._name.lstrip("/"))
        node = Node(version=hierarchy.version, controllers=wanted, path=path)
        return Planned(node=node, site=site)

    def _site(self, hierarchy: Hierarchy, wanted: frozenset[str]) -> Site | NoSite:
        """What the group has already takes none; systemd's units are where it puts them."""
        for node in self._held:
            here = node.version == 2 or bool(node.controllers & hierarchy.controllers)
            if here and node.version == hierarchy.version and wanted <= node.controllers:
                return Site(directory=os.path.dirname(node.path))
        if self._unit is not None:
            return self._unit.site(hierarchy, wanted)
        top = self._from_top(hierarchy, wanted) if self._name.startswith("/") else None
        return top or sites.find(hierarchy, wanted)

    def _from_top(self, hierarchy: Hierarchy, wanted: frozenset[str]) -> Site | None:
        """A name from the top of the hierarchy starts there; whether it can shows in the making.

        Who may make nothing there may have been given a directory on the way.
        """
        if os.access(hierarchy.mount, os.W_OK):
            return Site(directory=hierarchy.mount)
        named = self._name.startswith("/")
        return sites.handed_over(hierarchy, self._name, wanted) if named else None

    def _reduced(self, hierarchy: Hierarchy, wanted: frozenset[str], why: NoSite) -> frozenset[str]:
        """Leave what can be had, by a scope of systemd's or else alone, and give up the rest."""
        offered = _offer(hierarchy) if self._unit is None else None
        if offered is not None:
            self.scope = wanted & offered
            lost = wanted - offered
        else:
            alone = {one for one in wanted if self._is_out_of_reach(hierarchy, one)}
            lost = frozenset(alone) or wanted
        for controller in sorted(lost):
            alone_why = self._site(hierarchy, frozenset({controller}))
            self._give_up(controller, alone_why if isinstance(alone_why, NoSite) else why)
        return wanted - lost

    def _in_reach(self, hierarchy: Hierarchy, *controllers: str) -> bool:
        """Whether a group can have these controllers here, be it with systemd's help."""
        if isinstance(self._site(hierarchy, frozenset(controllers)), Site):
            return True
        if self._unit is not None:
            return False
        offered = _offer(hierarchy)
        return offered is not None and offered.issuperset(controllers)

    def _is_out_of_reach(self, hierarchy: Hierarchy, controller: str) -> bool:
        return isinstance(self._site(hierarchy, frozenset({controller})), NoSite)

    def _give_up(self, controller: str, why: NoSite) -> None:
        for one in [one for one in self.settings if one.controller == controller]:
            self._refuse(_denied(one.limit, why, one.field))
            self.settings.remove(one)
        if controller in ("devices", "freezer"):
            self._refuse(_denied(controller, why, "devices" * (controller == "devices")))
        if controller == "devices":
            self.devices = ()

    def _refuse(self, refusal: Refusal) -> None:
        if refusal.limit in self._unenforced:
            return
        told = self._documented and refusal.field
        place = f"linux.resources.{refusal.field}" if told else refusal.limit
        drop = f"--allow-unenforced {refusal.limit}" if self._droppable else None
        raise Unavailable(
            f"{place}: {refusal.reason}",
            reason=refusal.reason,
            remedy=", or ".join(filter(None, (refusal.remedy, drop))) or None,
        )


def _offer(hierarchy: Hierarchy) -> frozenset[str] | None:
    """What systemd would delegate to a user."""
    if hierarchy.version == 1 or os.geteuid() == 0:
        return None
    from cloche_linux.cgroups.scope import offer

    return offer(hierarchy)


def _denied(limit: str, why: NoSite, field: str) -> Refusal:
    return Refusal(limit=limit, reason=why.reason, remedy=why.remedy, field=field)


def _absent(limit: str, controller: str, field: str) -> Refusal:
    reason = f"the kernel has no {controller} controller, or it is not mounted"
    return Refusal(limit=limit, reason=reason, field=field)
