"""Parts of plans that are the same for many containers, written once and kept.

Most of a plan follows from what is constant: default mounts, devices, masks, the filter. A part's
records point into its text by place, so the text of all parts comes first in every plan that has
them, and what is a container's own after it.
"""

from __future__ import annotations

from cloche_linux.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from cloche_linux.steps import Written

__all__ = ["kept"]

_MOST = 64

_kept: dict[tuple[Hashable, ...], tuple[Written, tuple[object, ...]]] = {}


def kept(
    same: tuple[object, ...],
    equal: tuple[Hashable, ...],
    writers: Sequence[Callable[[Plan], None]],
    *,
    keep: bool,
) -> Written:
    """Return what ``writers`` write, from memory if all that decides about it is as before.

    ``same`` are immutable objects, compared by identity because that takes no time; ``equal`` are
    compared by value. Without ``keep`` it is written anew, for parts that depend on more.
    """
    key = (*map(id, same), *equal)
    found = _kept.get(key) if keep else None
    if found is not None:
        return found[0]
    written = _write(writers)
    if keep:
        if len(_kept) >= _MOST:
            _kept.clear()
        _kept[key] = written, same  # which keeps the objects, and so their identities
    return written


def _write(writers: Sequence[Callable[[Plan], None]]) -> Written:
    plan = Plan()
    for write in writers:
        write(plan)
        plan.cut()
    return plan.written()
