"""Write images to archives and layout directories."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloche.errors import ImageError, InvalidSpec
from cloche.images import media
from cloche.images.content.names import REF_NAME
from cloche.images.digest import encoded, hasher
from cloche.images.manifest import Index, Manifest
from cloche.machine import refused

from .named import Named
from .sinks import DirectorySink, TarSink, open_archive
from .source import blob_name
from .stream import PIECE, label

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cloche.images.content import Content
    from cloche.images.digest import Digest
    from cloche.images.manifest import Descriptor

    from .named import File, Format
    from .sinks import Sink

__all__ = ["write_archive"]

_CONTAINERD = "io.containerd.image.name"
_MARKER = b'{"imageLayoutVersion":"1.0.0"}'


def write_archive(
    content: Content, images: Iterable[Named], file: File, *, format: Format = "docker-archive"
) -> None:
    """Write images to a file, which may be a pipe, or for ``oci`` to a directory.

    Of an index those images are written that are here; a ``docker-archive``, which knows none, gets
    the one for this machine. Blobs are written as they are, and checked again. A file appears when
    it is whole; a layout that is there already gets the images beside its own.

    Raises ImageError for what is missing or damaged, AlreadyExists for a directory that is no
    layout, Unavailable where the disk is full.
    """
    images = tuple(images)
    if format not in ("docker-archive", "oci-archive", "oci"):
        raise InvalidSpec(f"format: {format!r} is none of docker-archive, oci-archive, oci")
    digests = [image.descriptor.digest for image in images]
    with content.leases.hold(*digests, reason=f"write {label(file)}"):
        if format == "docker-archive":
            from .docker_format import one_platform

            images = tuple(one_platform(content, image) for image in images)
        _write(content, images, file, format)


def _write(content: Content, images: Sequence[Named], file: File, format: Format) -> None:
    blobs = _blobs(content, images)
    if format == "oci":
        if not isinstance(file, (str, os.PathLike)):
            raise InvalidSpec("format: a layout is a directory, name one", path="path")
        _fill(content, images, blobs, DirectorySink(os.path.abspath(os.fspath(file))), format)
        return
    try:
        with open_archive(file) as opened:
            _fill(content, images, blobs, TarSink(opened), format)
    except OSError as error:
        raise refused(error, label(file)) from error


def _blobs(content: Content, images: Sequence[Named]) -> dict[Digest, Descriptor]:
    """Everything that is to be written, in order and once, before anything is."""
    found: dict[Digest, Descriptor] = {}
    for image in images:
        if not _gather(content, image.descriptor, found):
            raise ImageError(f"{image.name or image.descriptor.digest} is not here, or not whole")
    return found


def _gather(content: Content, descriptor: Descriptor, found: dict[Digest, Descriptor]) -> bool:
    if descriptor.digest in found:
        return True
    if not content.has(descriptor.digest):
        return False
    document = content.manifest(descriptor.digest, descriptor.media_type)
    if isinstance(document, Index):
        children = {each.digest: each for each in document.manifests}
        there = [_gather(content, each, found) for each in children.values()]
        if document.manifests and not any(there):
            return False
    else:
        _gather_parts(content, document, found)
    found[descriptor.digest] = descriptor
    return True


def _gather_parts(content: Content, manifest: Manifest, found: dict[Digest, Descriptor]) -> None:
    for part in (manifest.config, *manifest.layers):
        if content.has(part.digest):
            found[part.digest] = part
        elif not part.urls:
            raise ImageError(f"{part.digest} is not here", hint="pull the image again")


def _fill(
    content: Content,
    images: Sequence[Named],
    blobs: dict[Digest, Descriptor],
    sink: Sink,
    format: Format,
) -> None:
    if not sink.has("oci-layout"):
        sink.add("oci-layout", len(_MARKER), [_MARKER])
    for digest in blobs:
        if not sink.has(blob_name(digest)):
            sink.add(blob_name(digest), content.size(digest), _read(content, digest))
    if format == "docker-archive":
        from .docker_format import docker_manifest

        text = docker_manifest(content, images)
        sink.add("manifest.json", len(text), [text])
    sink.finish(_index(images, sink.previous()))


def _read(content: Content, digest: Digest) -> Iterator[bytes]:
    """A blob, which is looked at once more before anybody relies on it."""
    seen = hasher(digest)
    with content.open(digest) as file:
        while data := file.read(PIECE):
            seen.update(data)
            yield data
    if seen.hexdigest() != encoded(digest):
        raise ImageError(f"{digest} is damaged", hint="cloche image verify, then pull it again")


def _index(images: Sequence[Named], previous: bytes | None) -> bytes:
    """The index of a layout, with what it has had but for names that mean another image now."""
    from json import dumps, loads

    names = {image.name for image in images if image.name is not None}
    before = loads(previous)["manifests"] if previous is not None else []
    kept = [e for e in before if (e.get("annotations") or {}).get(REF_NAME) not in names]
    new = [_entry(image) for image in images]
    manifests = [*(each for each in kept if each not in new), *new]
    return dumps(
        {"schemaVersion": 2, "mediaType": media.INDEX, "manifests": manifests},
        separators=(",", ":"),
    ).encode()


def _entry(image: Named) -> dict[str, object]:
    found = image.descriptor
    entry: dict[str, object] = {
        "mediaType": found.media_type,
        "digest": found.digest,
        "size": found.size,
    }
    if image.name is not None:
        entry["annotations"] = {_CONTAINERD: image.name, REF_NAME: image.name}
    return entry
