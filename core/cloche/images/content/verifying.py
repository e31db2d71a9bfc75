"""Look at every blob and every reference again, and say what is wrong and what to do."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from cloche._disk import open_to_read, unlink
from cloche.errors import ImageError
from cloche.images.digest import ALGORITHMS, Digest, encoded, hasher
from cloche.values import Value

from .layout import blob_named, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche.images.manifest import Manifest

    from .store import Content

__all__ = ["Problem", "verify"]

_PIECE = 1 << 20
_REMOVE = "remove the file"


class Problem(Value):
    """One thing that is not as it should be."""

    #: One line that names the thing.
    message: str
    #: What to do about it, one line.
    remedy: str
    #: The name of an image, or the path of a file.
    where: str
    digest: Digest | None = None

    def __str__(self) -> str:
        return self.message


def verify(content: Content) -> list[Problem]:
    """Do what `Content.verify` says."""
    problems = [*_strangers(content), *_damage(content)]
    with content.layout.locked():
        content.names.publish()
        problems += _damaged_names(content)
        for name, digest in content.names.digests().items():
            problems += _missing(content, name, digest)
    return problems


def _damage(content: Content) -> Iterator[Problem]:
    for digest, _ in content.layout.stored():
        path = content.layout.blob(digest)
        with suppress(FileNotFoundError):
            before = _identity(path)
            fault = _fault(path, digest)
            if fault is not None and _throw_away(content, path, before):
                remedy = "it was thrown away; pull or load again what needs it"
                yield Problem(f"{digest} {fault}", remedy, path, digest)


def _throw_away(content: Content, path: str, before: tuple[int, ...]) -> bool:
    """Not what has come anew since: somebody else may have looked at the same time."""
    with content.layout.locked():
        if damaged := _identity(path) == before:
            unlink(path)
        return damaged


def _identity(path: str) -> tuple[int, ...]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _fault(path: str, digest: Digest) -> str | None:
    """What is wrong with a blob; OSErrors of a failing disk are that, too."""
    seen = hasher(digest)
    try:
        with open(open_to_read(path), "rb", buffering=0) as file:
            while data := file.read(_PIECE):
                seen.update(data)
    except FileNotFoundError:
        raise
    except OSError as error:
        return f"can't be read: {error.strerror}"
    return None if seen.hexdigest() == encoded(digest) else "is damaged: it has another digest"


def _strangers(content: Content) -> Iterator[Problem]:
    for algorithm in listed(content.layout.blobs):
        directory = os.path.join(content.layout.blobs, algorithm)
        files = listed(directory) if algorithm in ALGORITHMS else ["."]
        for file in files:
            if blob_named(algorithm, file) is None:
                path = os.path.normpath(os.path.join(directory, file))
                yield Problem(f"{path} is no blob", _REMOVE, path)


def _damaged_names(content: Content) -> Iterator[Problem]:
    for path in content.names.damaged():
        yield Problem(f"{path} is no record of a name", _REMOVE, path)


def _missing(content: Content, name: str, digest: Digest) -> Iterator[Problem]:
    """What a name leads to and is not there."""
    seen = {digest}
    pending = [digest]
    while pending:
        for lost, reason in _unresolved(content, pending.pop(), pending, seen):
            remedy = f"pull {name} again, or remove it"
            yield Problem(f"{name}: {lost} {reason}", remedy, name, lost)


def _unresolved(
    content: Content, digest: Digest, pending: list[Digest], seen: set[Digest]
) -> Iterator[tuple[Digest, str]]:
    """What of a manifest is wrong, and what of an index, whose images are to be looked at next."""
    from cloche.images.manifest import Index

    try:
        document = content.manifest(digest)
    except ImageError as error:
        yield digest, "is missing" if not content.has(digest) else f"is not usable: {error}"
        return
    if not isinstance(document, Index):
        yield from _parts(content, document)
        return
    there = {each.digest for each in document.manifests if content.has(each.digest)}
    if document.manifests and not there:
        yield digest, "is an index of which no image is here"
    pending += there - seen
    seen |= there


def _parts(content: Content, manifest: Manifest) -> Iterator[tuple[Digest, str]]:
    for blob in (manifest.config, *manifest.layers):
        # What its owner alone distributes may be left there (layer.md), or be in the manifest.
        if not content.has(blob.digest) and not blob.urls and blob.data is None:
            yield blob.digest, "is missing"
        elif content.has(blob.digest) and content.size(blob.digest) != blob.size:
            yield blob.digest, f"has not the {blob.size} bytes that its manifest says"
