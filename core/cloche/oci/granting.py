"""Capabilities that a bundle asks for and nobody can give: warned of, and left out.

A container runs without them all the same (runtime-spec, config.md, "Linux Process").
"""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import warnings

from cloche.capabilities import ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import LinuxCapabilities, Process

__all__ = ["CapabilityWarning", "grantable"]

_SETS = ("bounding", "effective", "inheritable", "permitted", "ambient")


class CapabilityWarning(UserWarning):
    """A capability is not given to a container that asks for it."""


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
    return process.replace(capabilities=_without(sets, unknown)) if unknown else process


def _without(sets: LinuxCapabilities, unknown: list[str]) -> LinuxCapabilities:
    kept = {}
    for each in _SETS:
        names: tuple[str, ...] | None = getattr(sets, each)
        if names is not None:
            kept[each] = tuple(name for name in names if name not in unknown)
    return sets.replace(**kept)


def _missing(names: list[str]) -> list[str]:
    with open("/proc/self/status", encoding="utf-8", errors="replace") as status:
        fields = dict(line.split(":", 1) for line in status if line.startswith("Cap"))
    ours = int(fields["CapBnd"], 16)
    return [name for name in names if not ours >> ALL.index(name) & 1]
