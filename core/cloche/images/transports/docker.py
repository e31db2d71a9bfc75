"""Read the archives of ``docker save`` (moby's image/spec, "Combined Image JSON + Filesystem").

Layers are whatever files ``manifest.json`` names, mostly uncompressed; the manifest that a registry
would have is made here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche.images import media
from cloche.images.foreign import excerpt
from cloche.images.image_config import read_config
from cloche.images.manifest import Manifest

from .compression import layer_type
from .named import Named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloche.images.digest import Digest
    from cloche.images.image_config import ImageConfig
    from cloche.images.manifest import Descriptor

    from .archive import ArchiveSource

__all__ = ["MANIFEST", "read_docker"]

MANIFEST = "manifest.json"
_LARGEST_CONFIG = 4 * 1024 * 1024
_BY_DIGEST = re.compile(r"(?:.*/)?([0-9a-f]{64})(?:\.json)?")


def read_docker(source: ArchiveSource) -> list[Named]:
    """Make images of what ``manifest.json`` says; ImageError names the entry that is wrong."""
    found: list[Named] = []
    for position, image in enumerate(_images(source)):
        where = f"{MANIFEST}[{position}]"
        descriptor = _manifest(source, where, image)
        tags = _strings(where, image, "RepoTags")
        found += [Named(tag, descriptor) for tag in tags] or [Named(None, descriptor)]
    return found


def _images(source: ArchiveSource) -> list[Mapping[str, object]]:
    from json import loads

    try:
        found = loads(source.document(MANIFEST) or b"")
    except (ValueError, RecursionError):
        raise ImageError(f"{MANIFEST}: is not JSON") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ImageError(f"{MANIFEST}: is no array of objects")
    return found


def _manifest(source: ArchiveSource, where: str, image: Mapping[str, object]) -> Descriptor:
    from cloche.documents import write

    name = image.get("Config")
    if not isinstance(name, str):
        raise ImageError(f"{where}.Config: is no string")
    descriptor, config = _config(source, name)
    names = _strings(where, image, "Layers")
    diff_ids = config.rootfs.diff_ids
    if len(names) != len(diff_ids):
        raise ImageError(f"{where}: {len(names)} layers, but {excerpt(name)} has {len(diff_ids)}")
    layers = [_layer(source, n, diff_id) for n, diff_id in zip(names, diff_ids, strict=True)]
    manifest = Manifest(media_type=media.MANIFEST, config=descriptor, layers=tuple(layers))
    return source.put(write(manifest), media.MANIFEST)


def _config(source: ArchiveSource, name: str) -> tuple[Descriptor, ImageConfig]:
    descriptor = source.file(name)
    if descriptor is None:
        raise ImageError(f"{excerpt(name)}: is missing")
    named = _BY_DIGEST.fullmatch(name)
    if named and descriptor.digest != f"sha256:{named[1]}":
        raise ImageError(f"{excerpt(name)}: its content has another digest")
    data = source.content.read(descriptor.digest, _LARGEST_CONFIG)
    try:
        return descriptor.replace(media_type=media.CONFIG), read_config(data)
    except ImageError as error:
        raise ImageError(f"{excerpt(name)}: {error.message}", hint=error.hint) from None


def _layer(source: ArchiveSource, name: str, diff_id: Digest) -> Descriptor:
    """A plain layer is what the configuration says; of a compressed one that is seen later."""
    descriptor = source.file(name)
    if descriptor is None:
        raise ImageError(f"{excerpt(name)}: is missing")
    with source.content.open(descriptor.digest) as file:
        kind = layer_type(file.read(4))
    if kind == media.LAYER and descriptor.digest != diff_id:
        raise ImageError(f"{excerpt(name)}: its content has another digest than {diff_id}")
    return descriptor.replace(media_type=kind)


def _strings(where: str, image: Mapping[str, object], key: str) -> list[str]:
    found = image.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ImageError(f"{where}.{key}: is no array of strings")
    return found
