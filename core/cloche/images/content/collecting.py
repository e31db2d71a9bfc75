"""Take away what nothing leads to any more, and count what there is."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from cloche._disk import open_existing, try_lock, unlink
from cloche.values import Value

from .layout import DRAFT, listed
from .marking import marked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Set

    from cloche.images.digest import Digest

    from .store import Content

__all__ = ["Collected", "Usage", "collect", "live", "usage"]


class Collected(Value):
    """What was taken away."""

    #: Blobs, sorted.
    removed: tuple[Digest, ...]
    #: In bytes, with what was left of killed transfers.
    freed: int


class Usage(Value, kw_only=True):
    """How much room is taken, in bytes."""

    #: All whole blobs, and how many there are.
    blobs: int
    count: int
    #: Of those, what nothing leads to.
    reclaimable: int
    #: What has come of transfers that are under way, or were killed.
    partial: int


def live(content: Content, roots: Iterable[str]) -> set[str]:
    """All that must stay: what names, leases and ``roots`` lead to. For who holds the lock."""
    held = content.leases.held().values()
    return marked(content.layout, {*content.names.digests().values(), *roots, *_union(held)})


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def collect(
    content: Content,
    roots: Iterable[str],
    *,
    among: Collection[str] | None,
    partial: bool,
    also: Callable[[Set[str]], object] | None,
) -> Collected:
    """Do what `Content.collect` says."""
    layout = content.layout
    with layout.locked():
        content.names.publish()
        keep = live(content, roots)
        sizes = {d: size for d, size in layout.stored() if d not in keep}
        removed = sorted(d for d in sizes if among is None or d in among)
        for digest in removed:
            unlink(layout.blob(digest))
        noted = [d for d in content.notes.digests() if d not in keep]
        content.notes.forget([d for d in noted if among is None or d in among])
        _forget_drafts(layout.names)
        freed = sum(sizes[digest] for digest in removed)
        freed += _forget_parts(content, keep, spools_only=not partial)
        if also is not None:
            also(keep)
    return Collected(tuple(removed), freed)


def _forget_drafts(directory: str) -> None:
    for file in listed(directory):
        if file.endswith(DRAFT):
            unlink(os.path.join(directory, file))


def _forget_parts(content: Content, keep: Set[str], *, spools_only: bool) -> int:
    """Take away what killed transfers have left: nobody can go on with a spool."""
    freed = 0
    for file in listed(content.layout.parts):
        spool = file.startswith("spool-")
        if spool or (not spools_only and file.replace("-", ":", 1) not in keep):
            freed += _forget_part(os.path.join(content.layout.parts, file))
    return freed


def _forget_part(path: str) -> int:
    """Not that of a transfer under way, which has it locked."""
    with suppress(FileNotFoundError):
        fd = open_existing(path)
        try:
            if try_lock(fd):
                size = os.fstat(fd).st_size
                unlink(path)
                return size
        finally:
            os.close(fd)
    return 0


def usage(content: Content, roots: Iterable[str]) -> Usage:
    """Do what `Content.usage` says."""
    layout = content.layout
    with layout.locked():
        keep = live(content, roots)
        sizes = dict(layout.stored())
    return Usage(
        blobs=sum(sizes.values()),
        count=len(sizes),
        reclaimable=sum(size for digest, size in sizes.items() if digest not in keep),
        partial=sum(_size(os.path.join(layout.parts, file)) for file in listed(layout.parts)),
    )


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return 0
