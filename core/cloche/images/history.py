"""How an image was made, as its configuration tells (image-spec, config.md, ``history``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.values import Value

from .documents import LARGEST
from .image_config import read_config
from .manifest import Manifest

if TYPE_CHECKING:
    from .content import Content
    from .digest import Digest
    from .image import Image

__all__ = ["Step", "history"]


class Step(Value, kw_only=True):
    """One step of an image's making; what nobody wrote down is None."""

    #: RFC 3339.
    created: str | None = None
    created_by: str | None = None
    author: str | None = None
    comment: str | None = None
    #: The blob of the layer that it made, and its compressed bytes; None and 0 if it made none.
    layer: Digest | None = None
    size: int = 0


def history(content: Content, image: Image) -> list[Step]:
    """Put steps and layers together, the last step first; lower layers may have none."""
    manifest = content.manifest(image.digest)
    assert isinstance(manifest, Manifest)
    config = read_config(content.read(manifest.config.digest, LARGEST))
    layers, steps = list(manifest.layers), list[Step]()
    for entry in reversed(config.history or ()):
        made = None if entry.empty_layer or not layers else layers.pop()
        steps.append(
            Step(
                created=entry.created,
                created_by=entry.created_by,
                author=entry.author,
                comment=entry.comment,
                layer=made.digest if made else None,
                size=made.size if made else 0,
            )
        )
    return steps + [Step(layer=each.digest, size=each.size) for each in reversed(layers)]
