"""What is in use: all that names, leases and containers lead to, through manifests and indexes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from cloche._disk import open_to_read
from cloche.errors import ImageError
from cloche.images.digest import check_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .layout import Layout

__all__ = ["LARGEST_MANIFEST", "marked", "references"]

#: In bytes: what registries take at most (distribution-spec, "Pushing Manifests").
LARGEST_MANIFEST = 4 * 1024 * 1024


class References(NamedTuple):
    """What a document leads to, whoever wrote it: only what is a digest."""

    #: Manifests and indexes.
    manifests: tuple[str, ...] = ()
    #: Configurations, layers and other blobs.
    blobs: tuple[str, ...] = ()
    subject: str | None = None


def marked(layout: Layout, roots: Iterable[str]) -> set[str]:
    """Walk from some digests to all that they lead to, whether it is there or not.

    What refers to a marked manifest as its subject (signatures, inventories) is marked with it.
    """
    marks: set[str] = set()
    _walk(layout, roots, marks)
    waiting = _with_subject(layout, marks)
    while found := [d for d, subject in waiting.items() if subject in marks]:
        _walk(layout, found, marks)
        for digest in found:
            del waiting[digest]
    return marks


def _walk(layout: Layout, roots: Iterable[str], marks: set[str]) -> None:
    pending = list(roots)
    while pending:
        digest = pending.pop()
        if digest not in marks:
            marks.add(digest)
            found = references(layout, digest)
            marks.update(found.blobs)
            pending += found.manifests


def _with_subject(layout: Layout, marks: set[str]) -> dict[str, str]:
    """Of all that is unmarked, what refers to another manifest as its subject, and to which."""
    others = [d for d, size in layout.stored() if d not in marks and size <= LARGEST_MANIFEST]
    subjects = {digest: references(layout, digest).subject for digest in others}
    return {digest: subject for digest, subject in subjects.items() if subject is not None}


def references(layout: Layout, digest: str) -> References:
    """Read what a blob leads to; nothing, if it is not there or no manifest."""
    try:
        document = _parse(layout.blob(digest))
    except (FileNotFoundError, ImageError):
        return References()
    single = [document.get("config"), *_array(document, "layers"), *_array(document, "blobs")]
    return References(
        _digests(_array(document, "manifests")),
        _digests(single),
        next(iter(_digests([document.get("subject")])), None),
    )


def _parse(path: str) -> Mapping[str, object]:
    """The JSON object that a small file holds; an empty one for anything else."""
    from json import loads

    with open(open_to_read(path), "rb") as file:
        if os.fstat(file.fileno()).st_size > LARGEST_MANIFEST or file.read(1) not in b"{ \n\t\r":
            return {}
        file.seek(0)
        text = file.read()
    try:
        document = loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _array(document: Mapping[str, object], key: str) -> list[object]:
    found = document.get(key)
    return found if isinstance(found, list) else []


def _digests(descriptors: list[object]) -> tuple[str, ...]:
    found = [each.get("digest") for each in descriptors if isinstance(each, dict)]
    return tuple(digest for digest in found if isinstance(digest, str) and _is_digest(digest))


def _is_digest(text: str) -> bool:
    try:
        check_digest(text)
    except ImageError:
        return False
    return True
