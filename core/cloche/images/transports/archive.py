"""The entries of an archive, brought into the content as they come."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from cloche.errors import ImageError
from cloche.images.content.layout import blob_named
from cloche.images.documents import LARGEST
from cloche.images.foreign import excerpt
from cloche.images.manifest import Descriptor

from .source import Source, blob_name, check_size
from .tar import Tar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche.images.content import Content, Lease

    from .stream import Stream
    from .tar import Entry

__all__ = ["ArchiveSource"]

#: Bytes of names and documents that are kept in memory; images have a few thousand each.
_IN_MEMORY = 16 * 1024 * 1024
_MOST_ENTRIES = 20_000
_MOST_LINKS = 8
_BINARY = "application/octet-stream"
_OF_LAYOUTS = ("index.json", "manifest.json", "oci-layout")
#: What is read behind the end of an archive, where programs pad it.
_PADDING = 1024 * 1024


class ArchiveSource(Source):
    """An archive, read to its end: documents are in memory, everything else is in the content.

    Manifests wait in memory for what they refer to, as they may come first.
    """

    def __init__(self, content: Content, lease: Lease) -> None:
        super().__init__(content, lease)
        self._documents: dict[str, bytes] = {}
        self._files: dict[str, Descriptor] = {}
        self._links: dict[str, str] = {}
        self._room = _IN_MEMORY

    def take(self, stream: Stream) -> None:
        """Read an archive to its end; ImageError names the entry that is wrong."""
        seen: set[str] = set()
        tar = Tar(stream)
        for entry in tar:
            name = proper(entry.name)
            if entry.kind == "directory":
                continue
            if name in seen:
                raise ImageError(f"{excerpt(name)}: is there twice")
            seen.add(name)
            self._room -= len(name) + len(entry.target)
            if len(seen) > _MOST_ENTRIES or self._room < 0:
                raise ImageError(f"{excerpt(name)}: there are too many entries before it")
            self._take(name, entry, tar)
        stream.drain(_PADDING)

    def _take(self, name: str, entry: Entry, tar: Tar) -> None:
        if entry.kind in ("link", "symlink"):
            self._links[name] = _target(name, entry)
        elif entry.kind != "file":
            raise ImageError(f"{excerpt(name)}: is neither a file nor a directory")
        elif entry.size <= min(LARGEST, self._room) and not name.endswith(".tar"):
            self._take_small(name, tar.read())
        elif name in _OF_LAYOUTS:
            raise ImageError(f"{name}: has {entry.size} bytes, which is too large")
        else:
            self._take_large(name, entry.size, tar.content())

    def _take_small(self, name: str, data: bytes) -> None:
        if name.startswith("blobs/") and not data.startswith(b"{"):
            self._take_large(name, len(data), iter([memoryview(data)]))
        else:
            self._documents[name] = data
            self._room -= len(data)

    def _take_large(self, name: str, size: int, pieces: Iterator[memoryview]) -> None:
        parts = name.split("/")
        digest = blob_named(*parts[1:]) if len(parts) == 3 and parts[0] == "blobs" else None
        if digest is None:
            self._files[name] = self._spool(pieces)
            return
        try:
            self._ingest(Descriptor(media_type=_BINARY, digest=digest, size=size), pieces)
        except ImageError as error:
            if error.message.startswith(digest):
                raise
            raise ImageError(f"{name}: {error.message}", hint=error.hint) from None

    def _ingest(self, descriptor: Descriptor, pieces: Iterator[memoryview]) -> None:
        """From its beginning: if what another has left is damaged, this can't be read again."""
        self.hold(descriptor.digest)
        with self.content.ingest(descriptor) as ingest:
            if ingest.exists:
                return
            ingest.restart()
            try:
                for piece in pieces:
                    ingest.write(piece)
                ingest.commit()
            except BaseException:
                ingest.discard()
                raise
        self.brought.add(descriptor.digest)

    def _spool(self, pieces: Iterator[memoryview]) -> Descriptor:
        with self.content.spool(self.lease) as spool:
            for piece in pieces:
                spool.write(piece)
            digest = spool.commit()
        if spool.is_new:
            self.brought.add(digest)
        return Descriptor(media_type=_BINARY, digest=digest, size=spool.size)

    def document(self, name: str) -> bytes | None:
        return self._documents.get(self._resolved(name))

    def bring(self, descriptor: Descriptor) -> bool:
        self.hold(descriptor.digest)
        data = self.document(blob_name(descriptor.digest))
        if self.content.has(descriptor.digest):
            check_size(descriptor, self.content.size(descriptor.digest))
        elif data is not None:
            self.keep(descriptor, data)
        return data is not None or self.content.has(descriptor.digest)

    def file(self, name: str) -> Descriptor | None:
        """What a file of the archive is, now in the content; None if there is none."""
        name = self._resolved(name)
        if name in self._documents:
            return self._spool(iter([memoryview(self._documents[name])]))
        parts = name.split("/")
        if len(parts) == 3 and (digest := blob_named(*parts[1:])) and self.content.has(digest):
            size = self.content.size(digest)
            return Descriptor(media_type=_BINARY, digest=digest, size=size)
        return self._files.get(name)

    def _resolved(self, name: str) -> str:
        """Follow links, which never leave the archive."""
        name = proper(name)
        for _ in range(_MOST_LINKS):
            if name not in self._links:
                return name
            name = self._links[name]
        raise ImageError(f"{excerpt(name)}: there are too many links")


def proper(name: str) -> str:
    """The plain form of an entry's name; ImageError for one that leads out of the archive."""
    if not name or name.startswith("/") or "\0" in name or ".." in name.split("/"):
        raise ImageError(f"{excerpt(name)!r}: is no name of an entry")
    return posixpath.normpath(name)


def _target(name: str, entry: Entry) -> str:
    beside = posixpath.dirname(name) if entry.kind == "symlink" else ""
    target = posixpath.normpath(posixpath.join(beside, entry.target))
    if target.startswith(("/", "../")) or target == "..":
        raise ImageError(f"{excerpt(name)}: is a link that leads out of the archive")
    return target
