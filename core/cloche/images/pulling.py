"""Pulling: from a name to an image that is here, checked and unpacked.

Blobs are fetched a few at a time, each checked against its digest while it is written. Layers are
unpacked from the base to the top, as soon as each is here, while others still come.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from cloche.errors import ImageError, NotFound, NotSupported, Unavailable
from cloche.needs import Wants
from cloche.runtime import Capability

from . import media
from .documents import LARGEST
from .finding import DEEPEST, find, fits, not_found, unfit
from .image import Image
from .image_config import read_config
from .manifest import Index, read_manifest
from .platform import choose
from .progress import Progress
from .reference import Reference
from .registry.client import Registry
from .transfers import Transfers
from .unpacking import Unpacker
from .using import store_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloche.choice import Opened
    from cloche.layers import LayerStore
    from cloche.workshop import Workshop

    from .content import Content, Lease
    from .image_config import ImageConfig
    from .manifest import Descriptor, Manifest
    from .platform import Platform
    from .progress import Report, Stage

__all__ = ["pull"]


def pull(shop: Workshop, name: str, wanted: Platform, *, vm: bool, report: Report) -> Image:
    """Bring an image from its registry, and name it; what is pinned and here is not asked for."""
    content, reference = shop.images.content, Reference.parse(name)
    if reference.digest is not None:
        if (image := find(content, name, wanted, vm=vm)) is not None:
            return image
        reference = Reference(reference.registry, reference.repository, digest=reference.digest)
    store = _store(shop, vm)
    unpacker = None if store is None else Unpacker(content, store, str(reference), report)
    with (
        Registry.open(reference.registry) as registry,
        content.leases.hold(reason=f"pull {reference}") as lease,
    ):
        try:
            top = Pull(content, registry, reference, lease, report).run(wanted, vm, unpacker)
        except NotFound as error:
            remedy = f"see whether {reference.registry} has it, and by which tag"
            raise not_found(name, remedy) from error
        content.names.set(str(reference), top)
        image = find(content, str(reference), wanted, vm=vm)
    if image is None:
        raise ImageError(f"{name} was removed while it was pulled", hint=f"cloche pull {name}")
    return image


def _store(shop: Workshop, vm: bool) -> Opened[LayerStore] | None:
    """Where its layers will be looked for; without such a store images can be kept all the same."""
    need = Capability.ISOLATE_VM if vm else Capability.ISOLATE_PROCESS
    try:
        return store_for(shop, Wants(kinds=frozenset({"image"}), needs=frozenset({need})), {})
    except (NotSupported, Unavailable):
        return None


class Pull:
    """One image on its way here."""

    def __init__(
        self,
        content: Content,
        registry: Registry,
        reference: Reference,
        lease: Lease,
        report: Report,
    ) -> None:
        self._content = content
        self._registry = registry
        self._reference = reference
        self._lease = lease
        self._report = report
        #: Manifests, the one that was named first: they are kept after all that they refer to.
        self._documents: list[tuple[Descriptor, bytes]] = []

    def run(self, wanted: Platform, vm: bool, unpacker: Unpacker | None) -> Descriptor:
        """Bring the image for a platform, and say what its name stands for; nothing is named.

        Raises NotFound for an image that is not there, ImageError for one that is damaged, or for
        no such platform, Unavailable if the registry can't be reached or refuses.
        """
        manifest = self._choose(wanted, vm=vm)
        check_kind(self._reference, manifest)
        self._hold(manifest.config)
        self._fetch(manifest.config, lambda: None)
        self._tell(manifest.config, "done", manifest.config.size)
        image = Image.of(self._documents[-1][0].digest, manifest, self._config(manifest))
        if not fits(image, wanted, vm=vm):
            raise unfit(self._reference.familiar(), image, wanted)
        if len(image.diff_ids) != len(manifest.layers):
            name, count = self._reference.familiar(), len(image.diff_ids)
            raise ImageError(f"{name} is damaged: {len(manifest.layers)} layers, {count} diffIDs")
        self._layers(manifest, image, unpacker)
        for descriptor, data in reversed(self._documents):
            with self._content.ingest(descriptor) as ingest:
                if not ingest.exists:
                    ingest.write(memoryview(data)[ingest.offset :])
                    ingest.commit()
        return self._documents[0][0]

    def _choose(self, platform: Platform, *, vm: bool) -> Manifest:
        reference = self._reference
        for _ in range(DEEPEST):
            descriptor, data = self._registry.resolve(reference)
            self._hold(descriptor)
            self._documents.append((descriptor, data))
            found = read_manifest(data, descriptor.media_type)
            if not isinstance(found, Index):
                return found
            reference = self._reference.with_digest(choose(found, platform, vm=vm).digest)
        raise ImageError(f"{self._reference.familiar()}: indexes within indexes, without an end")

    def _hold(self, *descriptors: Descriptor) -> None:
        self._lease.add(*(descriptor.digest for descriptor in descriptors))

    def _config(self, manifest: Manifest) -> ImageConfig:
        return read_config(self._content.read(manifest.config.digest, LARGEST))

    def _layers(self, manifest: Manifest, image: Image, unpacker: Unpacker | None) -> None:
        self._hold(*manifest.layers)
        self._lease.add(*image.diff_ids)
        for layer in manifest.layers:
            self._tell(layer, "waiting")
        downloads = Transfers(lambda each: self._fetch(each, downloads.check), manifest.layers)
        with downloads:
            for layer, source in zip(manifest.layers, image.layers[::-1], strict=True):
                downloads.wait(layer.digest)
                if unpacker is not None:
                    unpacker.unpack(source, layer)
                self._tell(layer, "done", layer.size)

    def _fetch(self, descriptor: Descriptor, check: Callable[[], None]) -> None:
        """Bring one blob, unless it is here; another's beginning is gone on with."""
        with self._content.ingest(descriptor) as ingest:
            if ingest.exists:
                self._tell(descriptor, "exists", descriptor.size)
                return
            coming = self._registry.fetch(self._reference, descriptor, offset=ingest.offset)
            with closing(coming):
                for data in coming:
                    check()
                    ingest.write(data)
                    self._tell(descriptor, "downloading", ingest.offset)
            ingest.commit()

    def _tell(self, descriptor: Descriptor, stage: Stage, current: int = 0) -> None:
        name = str(self._reference)
        self._report(Progress(name, descriptor.digest, stage, current, descriptor.size))


def check_kind(reference: Reference, manifest: Manifest) -> None:
    """Raise ImageError for what is no image, by what its manifest says."""
    name, config = reference.familiar(), manifest.config
    if media.canonical(config.media_type) != media.CONFIG:
        raise ImageError(f"{name} is no image: its configuration is {config.media_type}")
    if config.size > LARGEST:
        raise ImageError(f"{name}: a configuration of {config.size} bytes is none")
    for layer in manifest.layers:
        if not media.is_layer(layer.media_type):
            raise ImageError(f"{name} is no image: a layer of it is {layer.media_type}")
