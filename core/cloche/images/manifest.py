"""The documents of the OCI image-spec, and Docker's, which say the same in the same fields.

What is kept and pushed are the bytes as they came: digests are of those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from cloche.errors import ImageError
from cloche.spec.document import Document
from cloche.spec.integers import Int64

from . import media
from .digest import Digest, check_digest
from .documents import read_document, read_object
from .foreign import excerpt
from .platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Descriptor", "Index", "Manifest", "read_descriptor", "read_manifest"]

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][\w!#$&^.+-]{0,126}")
_SCHEMA: Final = 2
_OLD = "Docker schema 1 manifests are no longer read"
_REMEDY = "push it again with a newer docker, or convert it with skopeo copy --format oci"


class Descriptor(Document):
    """What some content is, how large, and its digest (image-spec, descriptor.md)."""

    media_type: str
    digest: Digest
    #: In bytes.
    size: Int64
    annotations: Mapping[str, str] | None = None
    #: In an index: what the manifest is for.
    platform: Platform | None = None
    urls: tuple[str, ...] | None = None
    artifact_type: str | None = None
    #: The content itself in base64, where it is small. Nobody has compared it with the digest.
    data: str | None = None


class Manifest(Document):
    """One image, or another artifact (image-spec, manifest.md)."""

    schema_version: Int64 = _SCHEMA
    media_type: str | None = None
    artifact_type: str | None = None
    config: Descriptor
    #: From the base to the top.
    layers: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    annotations: Mapping[str, str] | None = None


class Index(Document):
    """A list of manifests, for several platforms mostly (image-spec, image-index.md)."""

    schema_version: Int64 = _SCHEMA
    media_type: str | None = None
    artifact_type: str | None = None
    manifests: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    annotations: Mapping[str, str] | None = None


def read_manifest(data: bytes, media_type: str | None = None) -> Manifest | Index:
    """Read a manifest or an index, OCI's or Docker's of schema 2.

    ``media_type`` is what its bearer says it is: a document that says otherwise, or that is both at
    once, is refused, for others would read it otherwise
    (https://github.com/advisories/GHSA-mc8v-mgrf-8f4m). Raises ImageError with the JSON path.
    """
    document = read_object(data, "manifest")
    kind = _media_type(document, media_type)
    if media.is_index(kind):
        index = read_document(Index, _with_array(document, "manifests"), "index")
        _check("manifests", index.manifests)
        return index
    manifest = read_document(Manifest, _with_array(document, "layers"), "manifest")
    _check("layers", manifest.layers)
    _check_one("config", manifest.config)
    return manifest


def read_descriptor(document: Mapping[str, object], what: str = "descriptor") -> Descriptor:
    """Read a descriptor alone, as other documents hold it."""
    found = read_document(Descriptor, document, what)
    _check_one(what, found)
    return found


def _media_type(document: Mapping[str, object], told: str | None) -> str:
    _refuse_schema_1(document, told)
    own = document.get("mediaType")
    if own is not None and not isinstance(own, str):
        raise ImageError("manifest: mediaType: should be a valid string")
    if own and told and own != told:
        raise ImageError(
            f"manifest: mediaType: is {excerpt(own, 80)}, but it was given as {excerpt(told, 80)}"
        )
    if "manifests" in document and ("layers" in document or "config" in document):
        raise ImageError("manifest: has manifests and layers at once, so it means two things")
    kind = own or told or (media.INDEX if "manifests" in document else media.MANIFEST)
    if not (media.is_index(kind) or media.is_manifest(kind)):
        raise ImageError(f"manifest: mediaType: {excerpt(kind, 80)} is no manifest")
    return kind


def _refuse_schema_1(document: Mapping[str, object], told: str | None) -> None:
    version = document.get("schemaVersion")
    if version == 1 or (told and media.is_schema_1(told)):
        raise ImageError(_OLD, hint=_REMEDY)
    if version != _SCHEMA or isinstance(version, (bool, float)):
        raise ImageError(f"manifest: schemaVersion: must be {_SCHEMA}")


def _with_array(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Programs written in Go say null for an empty array."""
    return {**document, name: ()} if document.get(name) is None else document


def _check(name: str, descriptors: Iterable[Descriptor]) -> None:
    for position, descriptor in enumerate(descriptors):
        _check_one(f"{name}[{position}]", descriptor)


def _check_one(path: str, descriptor: Descriptor) -> None:
    try:
        check_digest(descriptor.digest)
    except ImageError as error:
        raise ImageError(f"{path}.digest: {error.message}", hint=error.hint) from None
    if descriptor.size < 0:
        raise ImageError(f"{path}.size: is less than 0")
    if not _MEDIA_TYPE.fullmatch(descriptor.media_type, 0, 255):
        raise ImageError(f"{path}.mediaType: {excerpt(descriptor.media_type, 80)!r} is none")
