"""Checks of id mappings, of the user namespace and of mounts."""

from __future__ import annotations

from itertools import pairwise

from .faults import fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloche.spec import LinuxIDMapping

__all__ = ["check_mappings"]


def check_mappings(
    path: str,
    uids: tuple[LinuxIDMapping, ...] | None,
    gids: tuple[LinuxIDMapping, ...] | None,
) -> None:
    """Each range has a size, fits in 32 bits, and shares no id with another."""
    for kind, mappings in (("uidMappings", uids), ("gidMappings", gids)):
        for side in ("container_id", "host_id"):
            _disjoint(f"{path}.{kind}", [(getattr(m, side), m.size) for m in mappings or ()])


def _disjoint(path: str, ranges: list[tuple[int, int]]) -> None:
    for position, (start, size) in enumerate(ranges):
        if size == 0 or start + size > 2**32:
            raise fault(f"{path}[{position}].size", "is not a range of ids")
    ordered = sorted(ranges)
    for (start, size), (following, _) in pairwise(ordered):
        if start + size > following:
            raise fault(path, f"id {following} is mapped twice")
