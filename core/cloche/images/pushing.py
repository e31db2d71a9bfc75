"""Pushing: an image that is here to a registry, blobs first, its name last."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from cloche.errors import ImageError, InvalidSpec

from . import media
from .content.marking import marked
from .documents import LARGEST
from .finding import descriptor_of, identify, not_found
from .manifest import Index, Manifest
from .reference import Reference
from .registry.client import Registry
from .transfers import Transfers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .content import Content
    from .digest import Digest
    from .manifest import Descriptor
    from .progress import Report

__all__ = ["push"]


def push(
    content: Content, name: str, destination: str | None, fallback: Digest, report: Report
) -> Descriptor:
    """Do what `Images.push` says; ``fallback`` is sent where not all of an index is here."""
    _, top = identify(content, name)
    if top is None:
        raise not_found(name)
    target = _target(destination or name)
    if not _is_whole(content, top):
        top = fallback
    with (
        content.leases.hold(top, reason=f"push {target}"),
        Registry.open(target.registry) as registry,
    ):
        return Push(content, registry, target, report).run(top)


def _target(text: str) -> Reference:
    target = Reference.parse(text)
    if target.digest is not None:
        raise InvalidSpec(
            f"{text}: a digest can't be pushed to", path="destination", hint="HOST/NAME:TAG"
        )
    return target


def _is_whole(content: Content, digest: Digest) -> bool:
    """Whether all that a manifest or index leads to is here."""
    if not content.has(digest):
        return False
    document = content.manifest(digest)
    if isinstance(document, Index):
        return all(_is_whole(content, each.digest) for each in document.manifests)
    parts = (document.config, *document.layers)
    return all(content.has(part.digest) or bool(part.urls) for part in parts)


class Push:
    """One image on its way to a registry."""

    def __init__(
        self, content: Content, registry: Registry, target: Reference, report: Report
    ) -> None:
        self._content = content
        self._registry = registry
        self._target = target
        self._report = report
        self._elsewhere = _elsewhere(content, target)

    def run(self, top: Digest) -> Descriptor:
        """Send it, and give it its name there; what has arrived of a failed push stays there."""
        manifests = [*self._manifests(top)]
        with Transfers(self._send, self._blobs(manifests)) as transfers:
            for blob in self._blobs(manifests):
                transfers.wait(blob.digest)
        for descriptor in manifests[:-1]:
            self._put(self._target.with_digest(descriptor.digest), descriptor)
        return self._put(self._target, manifests[-1])

    def _manifests(self, digest: Digest) -> Iterator[Descriptor]:
        """All of them, each after those that it lists."""
        document = self._content.manifest(digest)
        if isinstance(document, Index):
            for each in document.manifests:
                yield from self._manifests(each.digest)
        yield descriptor_of(self._content, digest)

    def _blobs(self, manifests: list[Descriptor]) -> Iterator[Descriptor]:
        for descriptor in manifests:
            document = self._content.manifest(descriptor.digest)
            if isinstance(document, Manifest):
                layers = [each for each in document.layers if not media.is_foreign(each.media_type)]
                yield from (*layers, document.config)

    def _send(self, blob: Descriptor) -> None:
        def open_at(offset: int) -> BinaryIO:
            file = self._content.open(blob.digest)
            file.seek(offset)
            return file

        self._registry.push_blob(
            self._target,
            blob,
            open_at,
            mount_from=self._elsewhere.get(blob.digest),
            report=self._report,
        )

    def _put(self, reference: Reference, descriptor: Descriptor) -> Descriptor:
        if reference.digest is not None:
            reference = Reference(reference.registry, reference.repository, None, reference.digest)
        data = self._content.read(descriptor.digest, LARGEST)
        written = self._registry.push_manifest(reference, data, descriptor.media_type)
        if written.digest != descriptor.digest:
            raise ImageError(f"{reference.familiar()}: the registry keeps {written.digest} instead")
        return written


def _elsewhere(content: Content, target: Reference) -> Mapping[str, str]:
    """Other repositories of the registry that have a blob, as names here let us believe."""
    found: dict[str, str] = {}
    for name, top in content.names.digests().items():
        if name.startswith(f"{target.registry}/"):
            repository = Reference.parse(name).repository
            if repository != target.repository:
                found |= dict.fromkeys(marked(content.layout, [top]), repository)
    return found
