"""Put images into a content store without a registry, and compare what stores hold."""

from __future__ import annotations

import os
from pathlib import Path

from registries import images as made

from cloche.images import Descriptor
from cloche.images.content import Content


def keep(content: Content, image: made.Image, name: str | None = None) -> Descriptor:
    """Put an image and all that it refers to into a content store, and name it."""
    for child in image.children:
        keep(content, child)
    for digest, data in image.blobs.items():
        with content.ingest(Descriptor(media_type="a/b", digest=digest, size=len(data))) as ingest:
            if not ingest.exists:
                ingest.write(data)
                ingest.commit()
    descriptor = content.put(image.data, image.media_type)
    if name is not None:
        content.names.set(name, descriptor)
    return descriptor


def remains(content: Content) -> list[str]:
    """The files of a store that hold content: blobs, names, notes, leases, parts."""
    home = Path(content.layout.home)
    top = {"index.json", "oci-layout"}
    found = [Path(folder) / file for folder, _, files in os.walk(home) for file in files]
    return sorted(name for path in found if (name := path.relative_to(home).as_posix()) not in top)
