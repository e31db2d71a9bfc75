"""From the limits of a specification to settings, for the hierarchy that holds each controller."""

from __future__ import annotations

from cloche.errors import InvalidSpec
from cloche_linux.cgroups import v1, v2
from cloche_linux.cgroups.settings import Refusal, Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from cloche.spec import LinuxResources
    from cloche_linux.cgroups.layout import Layout

    Answer = Iterator[Setting | Refusal]
    Translate = Callable[[Any], Answer]

__all__ = ["settings"]

#: Field of the resources, controllers (v1's name first), and how each version says it.
_SECTIONS: tuple[tuple[str, tuple[str, ...], Translate, Translate], ...] = (
    ("memory", ("memory",), v1.memory, v2.memory),
    ("cpu", ("cpuset",), v1.cpuset, v1.cpuset),
    ("cpu", ("cpu",), v1.cpu, v2.cpu),
    ("pids", ("pids",), v1.pids, v1.pids),
    ("block_io", ("blkio", "io"), v1.block_io, v2.block_io),
    ("hugepage_limits", ("hugetlb",), v1.hugepages, v2.hugepages),
    ("rdma", ("rdma",), v1.rdma, v1.rdma),
    ("network", ("net_cls", "net_prio"), v1.network, v2.network),
)


def settings(resources: LinuxResources, layout: Layout) -> Answer:
    """Say what is to be written where, and what can't be; devices are not among it.

    Raises InvalidSpec for values that no kernel takes.
    """
    _check(resources)
    for field, controllers, first, second in _SECTIONS:
        asked = getattr(resources, field)
        if asked is not None:
            yield from _section(asked, controllers, first, second, layout)
    for one in v2.unified(resources.unified or {}):
        yield _on_v2(one, layout)


def _section(
    asked: object, controllers: tuple[str, ...], first: Translate, second: Translate, layout: Layout
) -> Answer:
    found = next((h for name in controllers if (h := layout.holding(name))), None)
    if found is not None:
        yield from (first if found.version == 1 else second)(asked)
        return
    # Only what is really asked for is missed.
    for one in second(asked):
        lost = isinstance(one, Refusal) and all(h.version == 2 for h in layout.hierarchies)
        yield one if lost else _missing(one, controllers[-1])


def _missing(one: Setting | Refusal, controller: str) -> Refusal:
    """Name what is needed: for most limits v2's controller, for marks of traffic the one of two."""
    if one.field == "network.classID":
        controller = "net_cls"
    return Refusal(
        limit=one.limit,
        field=one.field,
        reason=f"the kernel has no {controller} controller, or it is not mounted",
        remedy=_ENABLE.get(controller),
    )


def _on_v2(one: Setting | Refusal, layout: Layout) -> Setting | Refusal:
    if isinstance(one, Refusal):
        return one
    found = layout.holding(one.controller)
    if found is None:
        return _missing(one, one.controller)
    if found.version == 1:
        reason = f"invalid configuration: the {one.controller} controller is on cgroup v1"
        return Refusal(limit=one.limit, reason=reason, field=one.field)
    return one


#: Some distributions' kernels have the memory controller, but switched off.
_ENABLE = {"memory": "boot with cgroup_enable=memory"}

_PAGE_SIZE = r"[1-9][0-9]*[KMGT]B"
_RANGES = r"\s*\d+(-\d+(:\d+/\d+)?)?(\s*,\s*\d+(-\d+(:\d+/\d+)?)?)*\s*"


def _check(resources: LinuxResources) -> None:
    for number, one in enumerate(resources.hugepage_limits or ()):
        if not _fullmatch(_PAGE_SIZE, one.page_size):
            field = f"hugepageLimits[{number}].pageSize"
            raise _wrong(field, f"{one.page_size!r} is not a page size")
    if (cpu := resources.cpu) is None:
        return
    for field, ranges in (("cpus", cpu.cpus), ("mems", cpu.mems)):
        if ranges and not _fullmatch(_RANGES, ranges):
            raise _wrong(f"cpu.{field}", f"{ranges!r} is not a list of ranges")
    if cpu.period and not 1_000 <= cpu.period <= 1_000_000:
        raise _wrong("cpu.period", f"a period of {cpu.period} µs is not within 1 ms and 1 s")
    if cpu.quota and 0 < cpu.quota < 1_000:
        raise _wrong("cpu.quota", f"a quota of {cpu.quota} µs is less than the 1 ms Linux takes")


def _fullmatch(pattern: str, text: str) -> bool:
    from re import fullmatch  # its import takes a while, and few containers need it

    return fullmatch(pattern, text) is not None


def _wrong(field: str, message: str) -> InvalidSpec:
    path = f"linux.resources.{field}"
    return InvalidSpec(f"{path}: {message}", path=path)
