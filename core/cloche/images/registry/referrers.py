"""What refers to a manifest: signatures, attestations (distribution-spec, "Referrers").

Registries without that part of the specification keep an index under a tag that is made of the
digest; who pushes a referrer to one updates that index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.documents import write
from cloche.errors import ImageError, NotFound
from cloche.images import media
from cloche.images.digest import Digest, algorithm_of, encoded
from cloche.images.documents import read_object
from cloche.images.manifest import Descriptor, Index, Manifest, read_manifest

from .manifests import get_manifest, put_manifest
from .paging import pages

if TYPE_CHECKING:
    from cloche.images.reference import Reference

    from .session import Session

__all__ = ["list_referrers", "note_referrer"]


def list_referrers(
    session: Session, ref: Reference, digest: Digest, artifact_type: str | None
) -> Index:
    """An index of what refers to a manifest of the repository; empty if nothing does."""
    try:
        found = _from_registry(session, ref, digest, artifact_type)
    except (NotFound, ImageError):  # 404 by the specification; other answers of old registries
        found = _from_tag(session, ref, digest)
    if artifact_type is not None:
        found = tuple(each for each in found if each.artifact_type == artifact_type)
    return Index(media_type=media.INDEX, manifests=found)


def _from_registry(
    session: Session, ref: Reference, digest: Digest, artifact_type: str | None
) -> tuple[Descriptor, ...]:
    from urllib.parse import quote

    query = f"?artifactType={quote(artifact_type, safe='')}" if artifact_type else ""
    where = f"{ref.repository}/referrers/{digest}{query}"
    found: list[Descriptor] = []
    for page in pages(session, ref, where, accept=media.INDEX):
        index = read_manifest(page, media.INDEX)
        assert isinstance(index, Index)
        found += index.manifests
    return tuple(found)


def _tag_of(ref: Reference, digest: Digest) -> Reference:
    """The specification's tag for them: algorithm, ``-``, digits; not longer than a tag may be."""
    return ref.with_tag(f"{algorithm_of(digest)[:32]}-{encoded(digest)[:64]}")


def _from_tag(session: Session, ref: Reference, digest: Digest) -> tuple[Descriptor, ...]:
    try:
        _, data = get_manifest(session, _tag_of(ref, digest))
    except NotFound:
        return ()
    found = read_manifest(data)
    return found.manifests if isinstance(found, Index) else ()


def note_referrer(session: Session, ref: Reference, written: Descriptor, data: bytes) -> None:
    """Add a manifest that was just written to the index of what refers to its subject.

    Does not promise that another who does the same at once is not overwritten: registries have
    nothing that would.
    """
    document = read_manifest(data, written.media_type)
    if document.subject is None:
        return
    subject = document.subject.digest
    before = _from_tag(session, ref, subject)
    if any(each.digest == written.digest for each in before):
        return
    own = written.replace(artifact_type=_type_of(document), annotations=document.annotations)
    index = Index(media_type=media.INDEX, manifests=(*before, own))
    put_manifest(session, _tag_of(ref, subject), write(index), media.INDEX)


def _type_of(document: Manifest | Index) -> str | None:
    """A manifest without a type of its own has that of its configuration."""
    if document.artifact_type or isinstance(document, Index):
        return document.artifact_type
    return document.config.media_type


def has_subject(data: bytes) -> bool:
    """Whether a manifest refers to another one."""
    return read_object(data, "manifest").get("subject") is not None
