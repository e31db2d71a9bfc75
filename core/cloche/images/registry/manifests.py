"""Manifests: read and compared with their digest, and written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche.images import media
from cloche.images.digest import Digest, algorithm_of, check_digest, digest_of
from cloche.images.documents import LARGEST, read_object
from cloche.images.manifest import Descriptor, read_manifest

from .session import Request, pulling, pushing

if TYPE_CHECKING:
    from cloche.images.reference import Reference

    from .answer import Answer
    from .session import Session

__all__ = ["describe", "get_manifest", "put_manifest"]

_ACCEPT = ", ".join(media.MANIFESTS)
#: What servers say that know nothing better.
_NOTHING = frozenset({"", "application/json", "application/octet-stream", "text/plain"})


def get_manifest(session: Session, ref: Reference) -> tuple[Descriptor, bytes]:
    """Read the manifest or index that a reference names.

    Its bytes have the digest that the reference pins, and the one that the registry tells. Raises
    NotFound, or ImageError for what is no manifest.
    """

    def read() -> tuple[bytes, str, str | None]:
        with session.ask(_request("GET", ref)) as answer:
            told = answer.header("Docker-Content-Digest")
            return answer.read(LARGEST), _media_type(answer), told

    data, media_type, told = session.retrying(read)
    digest = _verified(ref, data, told)
    found = read_manifest(data, media_type or None)
    kind = media_type or found.media_type or _guess(data)
    return Descriptor(media_type=kind, digest=digest, size=len(data)), data


def describe(session: Session, ref: Reference) -> Descriptor | None:
    """Say what a reference names without reading it; None if the registry does not say enough."""

    def read() -> tuple[str, str, str]:
        with session.ask(_request("HEAD", ref)) as answer:
            names = ("Docker-Content-Digest", "Content-Length")
            digest, size = (answer.header(name) or "" for name in names)
            return digest, size, _media_type(answer)

    digest, size, media_type = session.retrying(read)
    if not digest or not media_type or not size.isdecimal():
        return None
    checked = check_digest(digest)
    if ref.digest and algorithm_of(checked) == algorithm_of(ref.digest) and checked != ref.digest:
        raise _wrong(ref, ref.digest, checked)
    return Descriptor(media_type=media_type, digest=checked, size=int(size[:18]))


def put_manifest(
    session: Session, ref: Reference, data: bytes, media_type: str
) -> tuple[Descriptor, bool]:
    """Write a manifest under the reference's tag, or digest.

    Says what was written, and whether the registry took note of its ``subject``.
    """
    algorithm = algorithm_of(ref.digest) if ref.digest else "sha256"
    digest = digest_of(data, algorithm)
    if ref.digest and digest != ref.digest:
        raise _wrong(ref, ref.digest, digest)
    request = Request(
        method="PUT",
        where=f"{ref.repository}/manifests/{ref.tag or digest}",
        what=ref.familiar(),
        scopes=pushing(ref.repository),
        repository=ref.repository,
        headers={"Content-Type": media_type},
        body=data,
        ok=(200, 201, 202),
    )

    def write() -> tuple[str | None, bool]:
        with session.ask(request) as answer:
            told = answer.header("Docker-Content-Digest")
            return told, answer.header("OCI-Subject") is not None

    told, noted = session.retrying(write)
    if told and told.startswith(f"{algorithm}:") and told != digest:
        raise _wrong(ref, digest, check_digest(told))
    return Descriptor(media_type=media_type, digest=digest, size=len(data)), noted


def _request(method: str, ref: Reference) -> Request:
    return Request(
        method=method,
        where=f"{ref.repository}/manifests/{ref.target}",
        what=ref.familiar(),
        scopes=pulling(ref.repository),
        repository=ref.repository,
        headers={"Accept": _ACCEPT},
    )


def _media_type(answer: Answer) -> str:
    told = (answer.header("Content-Type") or "").partition(";")[0].strip().lower()
    return "" if told in _NOTHING else told


def _guess(data: bytes) -> str:
    return media.INDEX if "manifests" in read_object(data, "manifest") else media.MANIFEST


def _verified(ref: Reference, data: bytes, told: str | None) -> Digest:
    """What both say is compared, each in its own algorithm."""
    said = check_digest(told) if told else None
    for expected in (said, ref.digest):
        if expected and (found := digest_of(data, algorithm_of(expected))) != expected:
            raise _wrong(ref, expected, found)
    return ref.digest or said or digest_of(data)


def _wrong(ref: Reference, expected: Digest, found: Digest) -> ImageError:
    return ImageError(
        f"{ref.familiar()}: the manifest has not the digest {expected}, but {found}",
        hint="the registry, or somebody on the way, has another one",
    )
