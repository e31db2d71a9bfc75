"""Images that are here without a registry: their blobs are put where a pull would put them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from registries import images as made

from cloche import Engine
from cloche.images import Descriptor, Reference
from cloche.images.content import Content


def keep(content: Content, image: made.Image) -> Descriptor:
    """Put an image and all that it refers to into the content store."""
    for child in image.children:
        keep(content, child)
    for digest, data in image.blobs.items():
        _ingest(content, Descriptor(media_type="a/b", digest=digest, size=len(data)), data)
    return content.put(image.data, image.media_type)


def _ingest(content: Content, descriptor: Descriptor, data: bytes) -> None:
    with content.ingest(descriptor) as ingest:
        if not ingest.exists:
            ingest.write(data)
            ingest.commit()


@pytest.fixture
def kept(engine: Engine) -> Callable[[str, made.Image], str]:
    """Keeps an image under a name; gives the digest."""

    def keep_named(name: str, image: made.Image) -> str:
        content = engine.images.content
        descriptor = keep(content, image)
        content.names.set(str(Reference.parse(name)), descriptor)
        return descriptor.digest

    return keep_named
