"""Image: what is known of an image that is here, for one platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.layers import LayerSource
from cloche.values import Value, field

from .digest import Digest
from .image_config import ContainerConfig
from .platform import Platform

if TYPE_CHECKING:
    from .image_config import ImageConfig
    from .manifest import Manifest

__all__ = ["Image"]


class Image(Value, kw_only=True):
    """An image for one platform, whose content is here.

    Images are names for manifests; one manifest may have several names, or none any more.
    """

    #: The name as people write it (``alpine:3.20``); None for an image without a name.
    name: str | None = None
    #: The manifest's digest: what a name is pinned by.
    digest: Digest
    #: The configuration's digest: what docker shows as the image's id.
    id: Digest
    platform: Platform
    #: RFC 3339; None where the image does not say.
    created: str | None = None
    #: Bytes of its layers as they are kept and sent: compressed.
    size: int
    #: How a container of it is run where nobody says otherwise.
    config: ContainerConfig = field(default=ContainerConfig())
    #: The layers' uncompressed digests, from the base to the top.
    diff_ids: tuple[Digest, ...] = ()

    @property
    def layers(self) -> tuple[LayerSource, ...]:
        """The layers as layer stores know them, topmost first."""
        upwards = self.diff_ids
        return tuple(
            LayerSource(digest=upwards[at], parents=tuple(reversed(upwards[:at])))
            for at in reversed(range(len(upwards)))
        )

    @classmethod
    def of(cls, digest: Digest, manifest: Manifest, config: ImageConfig) -> Image:
        """Put together what the documents say; an image without a name."""
        return cls(
            digest=digest,
            id=manifest.config.digest,
            platform=Platform(
                config.os,
                config.architecture,
                config.variant,
                config.os_version,
                config.os_features,
            ).normal(),
            created=config.created,
            size=sum(layer.size for layer in manifest.layers),
            config=config.config or ContainerConfig(),
            diff_ids=config.rootfs.diff_ids,
        )
