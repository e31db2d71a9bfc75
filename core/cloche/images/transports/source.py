"""What an archive or a layout directory has to offer, whichever it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche.images.digest import algorithm_of, digest_of, encoded
from cloche.images.manifest import Descriptor

if TYPE_CHECKING:
    from cloche.images.content import Content, Lease
    from cloche.images.digest import Digest

__all__ = ["Source", "blob_name", "check_size"]


class Source(ABC):
    """Where images come from. What is brought is checked, held by the lease, and counted."""

    def __init__(self, content: Content, lease: Lease) -> None:
        self.content = content
        self.lease = lease
        #: What was not there before.
        self.brought: set[Digest] = set()

    @abstractmethod
    def document(self, name: str) -> bytes | None:
        """A small file of this name; None if there is none."""

    @abstractmethod
    def bring(self, descriptor: Descriptor) -> bool:
        """See that a blob is in the content; False if there is no such blob."""

    def keep(self, descriptor: Descriptor, data: bytes) -> None:
        """Put a document into the content; ImageError if it is not what its descriptor says."""
        name = blob_name(descriptor.digest)
        if digest_of(data, algorithm_of(descriptor.digest)) != descriptor.digest:
            raise ImageError(f"{name}: its content has another digest")
        check_size(descriptor, len(data))
        self.hold(descriptor.digest)
        if self.content.keep(descriptor, data):
            self.brought.add(descriptor.digest)

    def put(self, data: bytes, media_type: str) -> Descriptor:
        """Put a document of ours into the content."""
        descriptor = Descriptor(media_type=media_type, digest=digest_of(data), size=len(data))
        self.keep(descriptor, data)
        return descriptor

    def hold(self, digest: str) -> None:
        """Hold what comes next."""
        self.lease.add(digest)


def check_size(descriptor: Descriptor, size: int) -> None:
    """ImageError unless a blob has the size that its descriptor says."""
    if size != descriptor.size:
        name = blob_name(descriptor.digest)
        raise ImageError(f"{name}: has {size} bytes instead of {descriptor.size}")


def blob_name(digest: Digest) -> str:
    """The name of a blob in a layout (image-spec, image-layout.md, "Blobs")."""
    return f"blobs/{algorithm_of(digest)}/{encoded(digest)}"
