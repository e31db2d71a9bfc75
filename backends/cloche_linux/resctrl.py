"""Classes of service: shares of caches and of memory's bandwidth, by the kernel's resctrl.

A class is a directory of one level, with files for its shares (``schemata``) and its processes
(``tasks``); a group that is only measured is one more directory in its ``mon_groups``. What is
forked is where its parent is. Sources: ``Documentation/filesystems/resctrl.rst`` of Linux; the
runtime-spec's config-linux.md, "IntelRdt".
"""

from __future__ import annotations

import os

from cloche.errors import BackendError, InvalidSpec, NotFound, Unavailable
from cloche.values import Value
from cloche_linux.cgroups.files import read
from cloche_linux.mountinfo import points_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import LinuxIntelRdt

__all__ = ["ClassPlan", "failure", "plan_class", "plan_of_update"]

_PATH = "linux.intelRdt"
_USUAL = "/sys/fs/resctrl"
_TYPE = "resctrl"
#: What the kernel keeps beside classes.
_RESERVED = frozenset({".", "..", "info", "mon_data", "mon_groups"})


class ClassPlan(Value, kw_only=True):
    """Where a container's class is to be, and what is written there."""

    #: The top of the file system.
    top: str
    directory: str
    #: Whoever names a class has it stay when the container goes.
    named: bool
    #: What is written to its ``schemata``, one after the other.
    writes: tuple[str, ...]
    #: The group that is measured.
    monitored: str | None


def plan_class(wanted: LinuxIntelRdt, id: str) -> ClassPlan:
    """Decide on a container's class, by the runtime-spec's rules; makes nothing.

    Raises InvalidSpec for values that are none and for what a class that is there has otherwise,
    Unavailable for what this machine has not, NotFound for a class that was to be there.
    """
    _check_values(wanted)
    top = _top()
    _check_abilities(wanted, top)
    name = wanted.clos_id or id
    directory = top if name == "/" else f"{top}/{name}"
    if os.path.isdir(directory):
        _compare(wanted, directory, top)
    elif wanted.clos_id and not _writes(wanted):
        path = f"{_PATH}.closID"
        raise NotFound(f"{path}: there is no class {name}, and nothing that it should have")
    return ClassPlan(
        top=top,
        directory=directory,
        named=bool(wanted.clos_id),
        writes=_writes(wanted),
        monitored=f"{directory}/mon_groups/{id}" if wanted.enable_monitoring else None,
    )


def plan_of_update(wanted: LinuxIntelRdt, id: str, directory: str | None) -> ClassPlan:
    """Plan a change of the class in ``directory``, or one for a container that has none yet."""
    _check_values(wanted)
    top = _top()
    _check_abilities(wanted, top)
    return ClassPlan(
        top=top,
        directory=directory or f"{top}/{id}",
        named=False,
        writes=_writes(wanted),
        monitored=None,
    )


def failure(error: OSError, what: str, top: str) -> BackendError:
    """Say what could not be done, with what the kernel says of it."""
    told = (read(f"{top}/info/last_cmd_status") or "").strip()
    why = f"{error.strerror}: {told}" if told not in ("", "ok") else error.strerror
    return BackendError(f"{_PATH}: {what}: {why}", step="resctrl", errno=error.errno)


def _writes(wanted: LinuxIntelRdt) -> tuple[str, ...]:
    """Both shares at once, which the kernel takes as a whole; then lines, which may overrule."""
    shares = [each for each in (wanted.l3_cache_schema, wanted.mem_bw_schema) if each]
    lines = wanted.schemata or ()
    return tuple("".join(f"{line}\n" for line in each) for each in (shares, lines) if each)


def _check_values(wanted: LinuxIntelRdt) -> None:
    name = wanted.clos_id
    if name and name != "/" and (name in _RESERVED or not {"/", "\n"}.isdisjoint(name)):
        raise _wrong("closID", f"{name!r} names no class")
    bandwidth = wanted.mem_bw_schema
    if bandwidth is not None and (not bandwidth.startswith("MB:") or "\n" in bandwidth):
        raise _wrong("memBwSchema", f"{bandwidth!r} is not one line that begins with MB:")
    for position, line in enumerate(wanted.schemata or ()):
        if "\n" in line:
            raise _wrong(f"schemata[{position}]", "it is one line")


def _wrong(field: str, why: str) -> InvalidSpec:
    return InvalidSpec(f"{_PATH}.{field}: {why}", path=f"{_PATH}.{field}")


def _top() -> str:
    points = points_of({_TYPE})
    if not points:
        reason = "no resctrl file system is mounted"
        raise Unavailable(
            f"{_PATH}: {reason}",
            reason=reason,
            remedy=f"mount -t resctrl resctrl {_USUAL}, where the processor can do this",
        )
    return _USUAL if _USUAL in points else points[0]


def _check_abilities(wanted: LinuxIntelRdt, top: str) -> None:
    needed = {
        "l3CacheSchema": (wanted.l3_cache_schema, ("L3", "L3CODE"), "allocate its cache"),
        "memBwSchema": (wanted.mem_bw_schema, ("MB",), "allocate the memory's bandwidth"),
        "enableMonitoring": (wanted.enable_monitoring, ("L3_MON",), "measure classes"),
    }
    for field, (value, names, what) in needed.items():
        if value and not any(os.path.isdir(f"{top}/info/{name}") for name in names):
            reason = f"this processor does not {what}, or it is turned off"
            raise Unavailable(f"{_PATH}.{field}: {reason}", reason=reason)


def _compare(wanted: LinuxIntelRdt, directory: str, top: str) -> None:
    """Refuse shares that a class which is there has not: others may be in it."""
    has = _parsed(read(f"{directory}/schemata") or "")
    step = int((read(f"{top}/info/MB/bandwidth_gran") or "1").strip() or 1)
    for field, text in (
        ("l3CacheSchema", wanted.l3_cache_schema),
        ("memBwSchema", wanted.mem_bw_schema),
    ):
        for key, value in _parsed(text or "").items():
            if not _equal(value, has.get(key), step if key[0] == "MB" else 0):
                kind, place = key
                there = f"has {has[key]} there" if key in has else "has none there"
                told = f"{kind}:{place}={value}: {os.path.basename(directory)} is a class and"
                raise _wrong(field, f"{told} {there}")


def _parsed(schemata: str) -> dict[tuple[str, str], str]:
    """The values by resource and domain: ``L3:0=ff;1=f``."""
    found = {}
    for line in schemata.splitlines():
        kind, _, shares = line.strip().partition(":")
        for share in filter(None, shares.split(";")):
            domain, _, value = share.partition("=")
            found[kind.strip(), domain.strip()] = value.strip()
    return found


def _equal(wanted: str, has: str | None, step: int) -> bool:
    """Whether numbers are the same, or bandwidths once the kernel has rounded them up."""
    if has is None:
        return False
    try:
        if step:
            return -(-int(wanted) // step) * step == -(-int(has) // step) * step
        return int(wanted, 16) == int(has, 16)
    except ValueError:
        return wanted == has
