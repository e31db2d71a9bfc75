"""Images: the facade of this room."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .content import Content
from .finding import descriptor_of, find, fits, identify, new_name, not_found, present
from .platform import Platform

if TYPE_CHECKING:
    import builtins

    from cloche.choice import Opened
    from cloche.layers import Layer, LayerStore
    from cloche.workshop import Workshop

    from .content import Collected, Problem, Usage
    from .history import Step
    from .image import Image

__all__ = ["Images"]


class Images:
    """The images that are here, and the ways in and out; `Engine.images`.

    An image is asked for by its name (``alpine``, ``ghcr.io/owner/name:tag``), its name and digest,
    a digest, or the beginning of a digest or id. Thread-safe, and safe beside other processes.
    """

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        #: Blobs and names: one directory, that other programs can read as an OCI image layout.
        self.content = Content(os.path.join(shop.places.data, "images"))

    def get(self, name: str, *, platform: str | None = None) -> Image:
        """Find an image that is here; by itself the one for this machine, else whichever there is.

        Raises ImageError if there is none, InvalidSpec for what is no name.
        """
        if platform is not None:
            image = find(self.content, name, Platform.parse(platform))
            if image is None:
                raise not_found(name)
            return image
        known, top = identify(self.content, name)
        images = [] if top is None else list(present(self.content, top, known))
        if not images:
            raise not_found(name)
        return _best(images)

    def list(self) -> builtins.list[Image]:
        """List the images that are here, by name; one line for each platform of a name."""
        named = self.content.names.digests().items()
        return [image for name, top in named for image in present(self.content, top, name)]

    def tag(self, source: str, name: str) -> None:
        """Give an image another name, and take the name from whatever has it.

        Raises ImageError if ``source`` is not here, InvalidSpec for what can be no name.
        """
        _, top = identify(self.content, source)
        if top is None:
            raise not_found(source)
        self.content.names.set(new_name(name), descriptor_of(self.content, top))

    def remove(self, name: str, *, force: bool = False) -> builtins.list[str]:
        """Take a name away, and with its last name the image; what went: names, then digests.

        What containers use stays where it is, whoever names it. Raises ImageError if there is no
        such image, InvalidState for the last name of one that containers use, and for an id with
        several names, unless ``force``.
        """
        from .clearing import remove

        return remove(self._shop, name, force=force)

    def prune(self, *, all: bool = False) -> Collected:
        """Take away what no name leads to and no container uses: blobs and unpacked layers.

        With ``all`` also the images that no container uses, whatever their names. What killed
        transfers have left goes, too.
        """
        from .clearing import prune

        return prune(self._shop, all=all)

    def history(self, name: str, *, platform: str | None = None) -> builtins.list[Step]:
        """Say how an image was made, the last step first."""
        from .history import history

        return history(self.content, self.get(name, platform=platform))

    def verify(self) -> builtins.list[Problem]:
        """Hash all that is kept again and follow every name; what is wrong, and what to do.

        Damaged blobs are thrown away: the next pull brings them anew. Does not look into layers
        that are unpacked already.
        """
        return self.content.verify()

    def usage(self) -> Usage:
        """Count the room that blobs take, and what of it ``prune`` would free."""
        from .uses import in_use

        return self.content.usage(in_use(self._shop.places))

    def unpack(self, image: Image, store: Opened[LayerStore]) -> tuple[Layer, ...]:
        """Unpack what is missing of an image's layers, topmost first. For the engine."""
        from .unpacking import unpack_image

        return unpack_image(self.content, store, image)


def _best(images: list[Image]) -> Image:
    here = Platform.here()
    return next((image for image in images if fits(image, here, vm=True)), images[0])
