"""Images for containers: found or pulled, with their layers, and held until they are in use."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from cloche.errors import ImageError, Unavailable
from cloche.needs import Wants, wants_of
from cloche.runtime import Capability, Isolation

from .applying import apply
from .finding import find, not_found
from .platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cloche.choice import Opened
    from cloche.layers import Layer, LayerStore
    from cloche.request import Asked
    from cloche.workshop import Workshop

    from .image import Image

__all__ = ["store_for", "unpack_for_use", "using_image"]


@contextmanager
def using_image(shop: Workshop, asked: Asked) -> Iterator[None]:
    """Put an image's layers and what it says into a request; they stay as long as this lasts.

    Afterwards the container's own record says that it uses them. An image that is here costs the
    reading of two small files. Raises ImageError for an image that can't be had, and whatever
    pulling and unpacking raise.
    """
    store = store_for(shop, *wants_of(asked))
    image = _image(shop, asked)
    with shop.images.content.leases.hold(image.digest, *image.diff_ids, reason="run"):
        layers = [store.backend.find(source) for source in image.layers]
        found = tuple(layer for layer in layers if layer is not None)
        if len(found) < len(layers):
            found = _unpacked(shop, image, store)
        apply(asked, image)
        asked.layers, asked.layer_store = found, store.name
        yield


def store_for(shop: Workshop, wants: Wants, causes: Mapping[Capability, str]) -> Opened[LayerStore]:
    """Choose the layer store in which a run that wants this looks for an image's layers.

    Limits decide on no store; of those that can't be had, the runtime itself tells later. Raises
    Unavailable or NotSupported if no runtime or no store will do.
    """
    able = replace(wants, needs=wants.needs - {Capability.LIMITS})
    runtime = shop.chooser.runtime(able, causes).name.partition(":")[0]
    return shop.chooser.store(wants, shop.plugins.runtimes[runtime].descriptor.roots)[0]


def unpack_for_use(shop: Workshop, image: Image, *, vm: bool = False) -> tuple[Layer, ...]:
    """Unpack what is missing of an image where a run would look for it; topmost first."""
    need = Capability.ISOLATE_VM if vm else Capability.ISOLATE_PROCESS
    wants = Wants(kinds=frozenset({"image"}), needs=frozenset({need}))
    return _unpacked(shop, image, store_for(shop, wants, {}))


def _unpacked(shop: Workshop, image: Image, store: Opened[LayerStore]) -> tuple[Layer, ...]:
    from .unpacking import unpack_image

    return unpack_image(shop.images.content, store, image)


def _image(shop: Workshop, asked: Asked) -> Image:
    assert asked.image is not None
    platform = None if asked.platform is None else Platform.parse(asked.platform)
    wanted, vm = platform or Platform.here(), asked.isolation is Isolation.VM
    if asked.pull != "always":
        image = find(shop.images.content, asked.image, wanted, vm=vm)
        if image is not None:
            return image
        if asked.pull == "never":
            raise not_found(asked.image)
    try:
        return shop.images.pull(asked.image, platform=asked.platform, vm=vm)
    except Unavailable as error:
        if asked.pull == "always":
            raise
        missing = not_found(asked.image)
        raise ImageError(f"{missing}: {error}", hint=missing.hint) from error
