"""Images in and out of files, with their names here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec

from .finding import descriptor_of, familiar, identify, not_found
from .reference import Reference
from .transports import Named, read_archive, write_archive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .content import Content
    from .digest import Digest
    from .transports.named import File, Format

__all__ = ["load", "save"]


def save(content: Content, names: Sequence[str], file: File, format: Format) -> None:
    """Do what `Images.save` says."""
    images: list[Named] = []
    for name in names:
        _, top = identify(content, name)
        if top is None:
            raise not_found(name)
        images.append(Named(_full(content, name, top), descriptor_of(content, top)))
    if not images:
        raise InvalidSpec("names: there is none", path="names")
    write_archive(content, images, file, format=format)


def _full(content: Content, text: str, top: Digest) -> str | None:
    """The name in full, where a name was given."""
    try:
        full = str(Reference.parse(text))
    except InvalidSpec:
        return None
    return full if content.names.digest(full) == top else None


def load(content: Content, file: File) -> list[str]:
    """Bring what is in an archive, and name it; each by its name, or else its digest."""
    with content.leases.hold(reason="load") as lease:
        found = read_archive(file, content, lease=lease)
        loaded: list[str] = []
        for image in found:
            name = _name(image)
            content.names.set(name, image.descriptor)
            loaded.append(familiar(name) or image.descriptor.digest)
    return loaded


def _name(image: Named) -> str:
    """As the archive has it; layouts may have none, or a mere tag (``oci:DIR:TAG`` of skopeo)."""
    text = image.name or ""
    try:
        reference = Reference.parse(text if {*text} & {*":/"} else "")
    except InvalidSpec:
        return image.descriptor.digest
    return image.descriptor.digest if reference.digest else str(reference)
