"""Images that are here, by name, digest or id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cloche.errors import ImageError, InvalidSpec

from .image import Image
from .platform import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .content import Content
    from .digest import Digest
    from .manifest import Descriptor

__all__ = [
    "descriptor_of",
    "familiar",
    "find",
    "fits",
    "identify",
    "new_name",
    "not_found",
    "present",
    "unfit",
]

_ID = re.compile(r"(?:sha256:)?([0-9a-f]{4,64})")
#: Indexes in indexes, deeper than anybody has them.
DEEPEST = 4


def identify(content: Content, text: str) -> tuple[str | None, Digest | None]:
    """Say which name and which manifest or index is meant, None for what is not here.

    A name comes before an id that reads the same. Raises InvalidSpec for what is neither, and for
    the beginning of several ids.
    """
    found = _ID.fullmatch(text)
    if found is None or not (text.startswith("sha256:") or len(found[1]) == 64):
        name, digest = _named(content, text)
        if digest is not None or found is None:
            return name, digest
    return _by_id(content, text, found[1])


def _named(content: Content, text: str) -> tuple[str, Digest | None]:
    from .reference import Reference

    reference = Reference.parse(text)
    if reference.digest is not None:
        here = content.has(reference.digest)
        return reference.familiar(), reference.digest if here else None
    return reference.familiar(), content.names.digest(str(reference))


def familiar(name: str) -> str | None:
    """A kept name as people write it; None for the one that keeps an image without a name."""
    from .reference import Reference

    return None if name.startswith("sha256:") else Reference.parse(name).familiar()


def _by_id(content: Content, text: str, beginning: str) -> tuple[str | None, Digest | None]:
    """By the digest of a manifest, an index or a configuration."""
    from .digest import encoded

    found: dict[Digest, str | None] = {}
    for name, top in content.names.digests().items():
        for image in present(content, top, name):
            if any(encoded(d).startswith(beginning) for d in (top, image.digest, image.id)):
                found.setdefault(image.digest, image.name)
    if len(found) > 1:
        raise InvalidSpec(
            f"{text} is the beginning of {len(found)} ids", path="image", hint="write more of it"
        )
    return next(((name, digest) for digest, name in found.items()), (None, None))


def find(content: Content, text: str, wanted: Platform, *, vm: bool = False) -> Image | None:
    """Find a whole image for a platform; None if it, or some of it, is not here.

    What is found out is noted, so that the next time two small files are read. Raises what
    `identify` does, and ImageError for an image that is damaged, or that is for other platforms.
    """
    from cloche.documents import read

    name, top = identify(content, text)
    if top is None:
        return None
    notes, key = content.notes.get(top) or {}, f"{wanted}{' vm' if vm else ''}"
    note = notes.get(key)
    if isinstance(note, dict):
        try:
            return read(Image, {**note, "name": name})
        except InvalidSpec:  # of another version of Cloche
            notes = {}
    image = _describe(content, top, wanted, vm)
    if image is None:
        return None
    if not fits(image, wanted, vm=vm):
        raise unfit(text, image, wanted)
    _note(content, top, notes, key, image)
    return _renamed(image, name)


def _note(content: Content, top: Digest, notes: dict[str, object], key: str, image: Image) -> None:
    from cloche.documents import to_json

    content.notes.set(top, {**notes, key: to_json(image)})


def _renamed(image: Image, name: str | None) -> Image:
    from dataclasses import replace

    return replace(image, name=name)


def _describe(content: Content, digest: Digest, wanted: Platform, vm: bool) -> Image | None:
    from .manifest import Index
    from .platform import choose

    for _ in range(DEEPEST):
        if not content.has(digest):
            return None
        found = content.manifest(digest)
        if not isinstance(found, Index):
            return _image(content, digest)
        digest = choose(found, wanted, vm=vm).digest
    return None


def _image(content: Content, digest: Digest) -> Image | None:
    """Read one image's documents; None if something of it is not here."""
    from .documents import LARGEST
    from .image_config import read_config
    from .manifest import Manifest

    manifest = content.manifest(digest)
    assert isinstance(manifest, Manifest)
    if not all(content.has(each.digest) for each in (manifest.config, *manifest.layers)):
        return None
    return Image.of(digest, manifest, read_config(content.read(manifest.config.digest, LARGEST)))


def present(content: Content, top: Digest, name: str | None) -> Iterator[Image]:
    """Name the whole images that a manifest or an index leads to here, for whatever platforms."""
    from .manifest import Index

    pending, seen = [(top, 0)], {top}
    while pending:
        digest, depth = pending.pop(0)
        if depth >= DEEPEST or not content.has(digest):
            continue
        found = content.manifest(digest)
        if isinstance(found, Index):
            new = dict.fromkeys(e.digest for e in found.manifests if e.digest not in seen)
            seen.update(new)
            pending += [(each, depth + 1) for each in new]
        elif (image := _image(content, digest)) is not None:
            yield _renamed(image, None if name is None else familiar(name))


def fits(image: Image, wanted: Platform, *, vm: bool) -> bool:
    """Whether an image runs on a platform, by the rule that chooses among an index."""
    from . import media
    from .manifest import Descriptor, Index
    from .platform import choose

    only = Descriptor(
        media_type=media.MANIFEST, digest=image.digest, size=0, platform=image.platform
    )
    try:
        choose(Index(manifests=(only,)), wanted, vm=vm)
    except ImageError:
        return False
    return True


def descriptor_of(content: Content, digest: Digest) -> Descriptor:
    """Describe a manifest or an index that is here."""
    from . import media
    from .manifest import Descriptor, Index

    found = content.manifest(digest)
    usual = media.INDEX if isinstance(found, Index) else media.MANIFEST
    return Descriptor(
        media_type=found.media_type or usual, digest=digest, size=content.size(digest)
    )


def new_name(text: str) -> str:
    """Check a name that an image may be given, and write it in full; InvalidSpec for others."""
    from .reference import Reference

    reference = Reference.parse(text)
    if reference.digest is not None:
        raise InvalidSpec(f"{text}: a digest can't be given", path="image", hint="NAME:TAG")
    return str(reference)


def unfit(name: str, image: Image, wanted: Platform) -> ImageError:
    """Make the error for an image that is for another platform."""
    return ImageError(
        f"{name} is for {image.platform}, not for {wanted}",
        hint=f"--platform {image.platform} takes it all the same",
    )


def not_found(name: str, remedy: str | None = None) -> ImageError:
    """Make the error for an image that is not here, or nowhere; perhaps a program was meant."""
    from shutil import which

    hint = f"a program of this machine: cloche run -- {name}" if which(name) else None
    return ImageError(f"image not found: {name}", hint=hint or remedy or f"cloche pull {name}")
