"""Read the images of an OCI image layout (image-spec, image-layout.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche.images import media
from cloche.images.content.names import REF_NAME
from cloche.images.documents import read_object
from cloche.images.manifest import Descriptor, Index, Manifest, read_manifest

from .named import Named
from .source import blob_name, check_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .source import Source

__all__ = ["is_layout", "read_layout"]

_MARKER, _INDEX = "oci-layout", "index.json"
_VERSION = "1."
#: Whole names; ``REF_NAME`` is only a tag where both are there (containerd, docker, buildkit).
_CONTAINERD = "io.containerd.image.name"
#: Indexes in indexes.
_DEEPEST = 4


def is_layout(source: Source) -> bool:
    """Whether there is a layout's own file."""
    return source.document(_MARKER) is not None


def read_layout(source: Source) -> list[Named]:
    """Bring all images of a layout; ImageError names the entry that is wrong."""
    _check_version(source)
    data = source.document(_INDEX)
    if data is None:
        raise ImageError(f"{_INDEX}: is missing", hint="this is no OCI image layout")
    index = read_manifest(data, None)
    if not isinstance(index, Index):
        raise ImageError(f"{_INDEX}: is no index")
    found = [each for each in index.manifests if _is_image(each)]
    trees = _Trees(source)
    for descriptor in found:
        if not trees.bring(descriptor):
            raise ImageError(f"{blob_name(descriptor.digest)}: is missing")
    return [Named(_name(each.annotations or {}), _plain(each)) for each in found]


def _check_version(source: Source) -> None:
    version = read_object(source.document(_MARKER) or b"", _MARKER).get("imageLayoutVersion")
    if not isinstance(version, str) or not version.startswith(_VERSION):
        raise ImageError(f"{_MARKER}: imageLayoutVersion: must be 1.0.0")


def _is_image(descriptor: Descriptor) -> bool:
    """Readers must pass over what they do not know (image-layout.md, "index.json file")."""
    return media.is_index(descriptor.media_type) or media.is_manifest(descriptor.media_type)


def _name(annotations: Mapping[str, str]) -> str | None:
    return annotations.get(_CONTAINERD) or annotations.get(REF_NAME)


def _plain(descriptor: Descriptor) -> Descriptor:
    return Descriptor(
        media_type=descriptor.media_type, digest=descriptor.digest, size=descriptor.size
    )


class _Trees:
    """Brings manifests with all that they refer to, each once however often it is referred to."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._brought: dict[Descriptor, bool] = {}

    def bring(self, descriptor: Descriptor, depth: int = 0) -> bool:
        """Bring what a manifest or index refers to, then itself; False if that is not there."""
        plain = _plain(descriptor)
        if plain not in self._brought:
            self._brought[plain] = self._bring(plain, depth)
        return self._brought[plain]

    def _bring(self, descriptor: Descriptor, depth: int) -> bool:
        if depth > _DEEPEST:
            raise ImageError(f"{blob_name(descriptor.digest)}: is an index in too many others")
        data = _document(self._source, descriptor)
        if data is None:
            return False
        document = _parsed(data, descriptor)
        if isinstance(document, Index):
            self._bring_images(descriptor, document, depth)
        else:
            _bring_parts(self._source, document)
        self._source.keep(descriptor, data)
        return True

    def _bring_images(self, descriptor: Descriptor, index: Index, depth: int) -> None:
        """Of an index, the images that are there: layouts may hold one platform of many."""
        images = [each for each in index.manifests if _is_image(each)]
        brought = [self.bring(each, depth + 1) for each in images]
        if images and not any(brought):
            raise ImageError(f"{blob_name(descriptor.digest)}: none of its images is there")


def _document(source: Source, descriptor: Descriptor) -> bytes | None:
    source.hold(descriptor.digest)
    data = source.document(blob_name(descriptor.digest))
    if data is None and source.content.has(descriptor.digest):
        check_size(descriptor, source.content.size(descriptor.digest))
        return source.content.read(descriptor.digest, descriptor.size)
    return data


def _parsed(data: bytes, descriptor: Descriptor) -> Manifest | Index:
    try:
        return read_manifest(data, descriptor.media_type)
    except ImageError as error:
        name = blob_name(descriptor.digest)
        raise ImageError(f"{name}: {error.message}", hint=error.hint) from None


def _bring_parts(source: Source, manifest: Manifest) -> None:
    """Bring configuration and layers; those that only their owner distributes may be missing."""
    for part in (manifest.config, *manifest.layers):
        if not source.bring(part) and not part.urls:
            raise ImageError(f"{blob_name(part.digest)}: is missing")
