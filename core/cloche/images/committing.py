"""New images of what is no image yet: a container's changes, or a plain root file system."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cloche.capability import State
from cloche.documents import read, to_json
from cloche.errors import InvalidState

from . import media
from .changes import changed
from .digest import Digest
from .documents import LARGEST
from .finding import new_name
from .image_config import ContainerConfig, History, ImageConfig, RootFS, read_config
from .manifest import Manifest
from .platform import Platform
from .transports import add_layer, assemble, import_layer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cloche.container import Container
    from cloche.journal import Header
    from cloche.workshop import Workshop

    from .content import Content
    from .manifest import Descriptor
    from .transports import Layer
    from .transports.named import File

__all__ = ["commit", "import_image"]


def commit(
    shop: Workshop,
    container: Container[bytes],
    name: str | None,
    *,
    author: str | None,
    message: str | None,
    changes: Sequence[str],
    pause: bool,
) -> str:
    """Do what `Images.commit` says; the digest of the new image."""
    content, full = shop.images.content, None if name is None else new_name(name)
    header = _header(shop, container)
    assert header.image_digest is not None
    assert header.layer_store is not None
    with content.leases.hold(header.image_digest, reason=f"commit {container.id}") as lease:
        base = content.manifest(Digest(header.image_digest))
        assert isinstance(base, Manifest)
        config = _changed(read_config(content.read(base.config.digest, LARGEST)), changes)
        store = shop.chooser.store_called(header.layer_store).backend
        with _paused(container, pause):
            layer = add_layer(store.archive(container.id), content, lease=lease)
        stacked = _stacked(config, layer, _step("commit", author, message))
        below = [each.replace(media_type=media.canonical(each.media_type)) for each in base.layers]
        made = assemble([*below, layer.descriptor], stacked, content, lease=lease)
        return _named(content, full, made)


def import_image(
    content: Content,
    file: File,
    name: str | None,
    *,
    changes: Sequence[str],
    message: str | None,
    platform: Platform,
) -> str:
    """Do what `Images.import_` says; the digest of the new image."""
    full = None if name is None else new_name(name)
    empty = ImageConfig(
        architecture=platform.architecture,
        os=platform.os,
        variant=platform.variant,
        os_version=platform.os_version,
        rootfs=RootFS(),
    )
    config = _changed(empty, changes)
    with content.leases.hold(reason="import") as lease:
        layer = import_layer(file, content, lease=lease)
        stacked = _stacked(config, layer, _step("import", None, message))
        return _named(content, full, assemble([layer.descriptor], stacked, content, lease=lease))


def _named(content: Content, full: str | None, made: Descriptor) -> str:
    content.names.set(full or made.digest, made)
    return made.digest


def _header(shop: Workshop, container: Container[bytes]) -> Header:
    header = shop.records.read(container.id).header
    if header is None or header.image_digest is None or header.layer_store is None:
        raise InvalidState(
            f"{container.name} was not made from an image",
            operation="commit",
            container=container.name,
        )
    return header


@contextmanager
def _paused(container: Container[bytes], wanted: bool) -> Iterator[None]:
    if not wanted or container.state is not State.RUNNING:
        yield
        return
    container.pause()
    try:
        yield
    finally:
        container.resume()


def _changed(config: ImageConfig, changes: Sequence[str]) -> ImageConfig:
    own = changed(to_json(config.config or ContainerConfig()), changes)
    return config.replace(config=read(ContainerConfig, own))


def _stacked(config: ImageConfig, layer: Layer, step: History) -> ImageConfig:
    return config.replace(
        created=step.created,
        author=step.author or config.author,
        rootfs=RootFS(diff_ids=(*config.rootfs.diff_ids, layer.diff_id)),
        history=(*(config.history or ()), step),
    )


def _step(verb: str, author: str | None, message: str | None) -> History:
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return History(created=now, created_by=f"cloche {verb}", author=author, comment=message)
