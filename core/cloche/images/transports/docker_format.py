"""What makes an image layout an archive for ``docker load`` (moby's image/spec, v1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import ImageError, InvalidSpec
from cloche.images.digest import Digest
from cloche.images.manifest import Index, Manifest

from .named import Named
from .source import blob_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloche.images.content import Content
    from cloche.images.manifest import Descriptor

__all__ = ["docker_manifest", "one_platform"]


def one_platform(content: Content, image: Named) -> Named:
    """The image itself, or of an index the one for this machine among those that are here."""
    from cloche.images.platform import Platform, choose

    document = content.manifest(image.descriptor.digest, image.descriptor.media_type)
    if isinstance(document, Manifest):
        return image
    here = tuple(each for each in document.manifests if content.has(each.digest))
    found = here[0] if len(here) == 1 else choose(Index(manifests=here), Platform.here())
    return one_platform(content, Named(image.name, found))


def docker_manifest(content: Content, images: Sequence[Named]) -> bytes:
    """``manifest.json``: an entry for each image, with all its names."""
    from json import dumps

    names: dict[Digest, list[str]] = {}
    for image in images:
        tags = names.setdefault(image.descriptor.digest, [])
        if (tag := _tag(image.name)) is not None:
            tags.append(tag)
    descriptors = {image.descriptor.digest: image.descriptor for image in images}
    entries = [_entry(content, descriptors[digest], tags) for digest, tags in names.items()]
    return dumps(entries, separators=(",", ":")).encode()


def _entry(content: Content, descriptor: Descriptor, tags: list[str]) -> dict[str, object]:
    manifest = content.manifest(descriptor.digest, descriptor.media_type)
    assert isinstance(manifest, Manifest)
    missing = [each.digest for each in manifest.layers if not content.has(each.digest)]
    if missing:
        raise ImageError(f"{missing[0]} is not here", hint="pull the image again")
    return {
        "Config": blob_name(manifest.config.digest),
        "RepoTags": tags or None,
        "Layers": [blob_name(each.digest) for each in manifest.layers],
    }


def _tag(name: str | None) -> str | None:
    """The whole name, which podman takes for another when it is short; None for no name and tag."""
    from cloche.images.reference import Reference

    try:
        reference = None if name is None else Reference.parse(name)
    except InvalidSpec:
        return None
    if reference is None or reference.tag is None:
        return None
    return str(Reference(reference.registry, reference.repository, reference.tag))
