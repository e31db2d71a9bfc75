"""Limits that a bundle asks for and this process can't give: warned of, and lowered."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloche.spec import POSIXRlimit

__all__ = ["LimitWarning", "warn_of_limits"]

_SYS_RESOURCE = 24
_UNLIMITED = 2**64 - 1


class LimitWarning(UserWarning):
    """A limit of a container is lower than it asks for."""


def warn_of_limits(limits: Iterable[POSIXRlimit]) -> None:
    """Warn of those above this process's own, which nobody without CAP_SYS_RESOURCE may raise."""
    import resource

    if _may_raise():
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


def _may_raise() -> bool:
    with open("/proc/self/status", encoding="utf-8", errors="replace") as status:
        effective = next(line for line in status if line.startswith("CapEff"))
    return bool(int(effective.split()[1], 16) >> _SYS_RESOURCE & 1)
