"""What a bundle asks for and this process can't give: warned of, and left out or lowered.

A container runs without such capabilities all the same (runtime-spec, config.md, "Linux Process").
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import warnings

from cloche.capabilities import ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche.spec import LinuxCapabilities, POSIXRlimit, Process

__all__ = ["CapabilityWarning", "LimitWarning", "grantable", "warn_of_limits"]

_SETS = ("bounding", "effective", "inheritable", "permitted", "ambient")
_UNLIMITED = 2**64 - 1


class CapabilityWarning(UserWarning):
    """A capability is not given to a container that asks for it."""


class LimitWarning(UserWarning):
    """A limit of a container is lower than it asks for."""


def grantable(process: Process, *, user_namespace: bool) -> Process:
    """Leave out what is no capability, and warn of it and of those that are not ours to give.

    ``user_namespace``: it has all capabilities there, whatever this process has.
    """
    sets = process.capabilities
    if sets is None:
        return process
    wanted = {name: None for each in _SETS for name in getattr(sets, each) or ()}
    unknown = [name for name in wanted if name not in ALL]
    missing = [] if user_namespace else _missing([name for name in wanted if name in ALL])
    for name in (*unknown, *missing):
        why = "there is no such capability" if name in unknown else "this process has it not"
        warnings.warn(f"{name} is left out: {why}", CapabilityWarning, stacklevel=2)
    _warn_of_useless(sets)
    return process.replace(capabilities=_without(sets, unknown)) if unknown else process


def _warn_of_useless(sets: LinuxCapabilities) -> None:
    """Warn of those in a set that the kernel does not fill beyond another one."""
    permitted, inheritable = frozenset(sets.permitted or ()), frozenset(sets.inheritable or ())
    for name in sets.ambient or ():
        if name in ALL and not (name in permitted and name in inheritable):
            why = f"it is not {'permitted' if name in inheritable else 'inheritable'}"
            text = f"can't raise ambient capability {name}: {why}"
            warnings.warn(text, CapabilityWarning, stacklevel=3)


def warn_of_limits(limits: Iterable[POSIXRlimit]) -> None:
    """Warn of those above this process's own, which nobody without CAP_SYS_RESOURCE may raise."""
    import resource

    if not _missing(["CAP_SYS_RESOURCE"], "CapEff"):
        return
    for limit in limits:
        number: int | None = getattr(resource, limit.type, None)
        if number is None:
            continue  # the runtime refuses it by its name
        ours = resource.getrlimit(number)[1]
        if ours != resource.RLIM_INFINITY and limit.hard > ours:
            wanted = "no limit" if limit.hard == _UNLIMITED else str(limit.hard)
            why = f"this process has no more, and was asked for {wanted}"
            warnings.warn(f"{limit.type} is lowered to {ours}: {why}", LimitWarning, stacklevel=2)


def _without(sets: LinuxCapabilities, unknown: list[str]) -> LinuxCapabilities:
    kept = {}
    for each in _SETS:
        names: tuple[str, ...] | None = getattr(sets, each)
        if names is not None:
            kept[each] = tuple(name for name in names if name not in unknown)
    return sets.replace(**kept)


def _missing(names: list[str], field: str = "CapBnd") -> list[str]:
    """Those that this process has not, in one of its sets (proc_pid_status(5))."""
    with open("/proc/self/status", encoding="utf-8", errors="replace") as status:
        fields = dict(line.split(":", 1) for line in status if line.startswith("Cap"))
    ours = int(fields[field], 16)
    return [name for name in names if not ours >> ALL.index(name) & 1]
