"""From the backup streams of a file to entries of a tar file; the other way than ``unpacking``."""

from __future__ import annotations

import os
import tarfile
from binascii import b2a_base64
from typing import IO, TYPE_CHECKING

from cloche.errors import ImageError, NotSupported
from cloche_hcs.layers import attributes
from cloche_hcs.layers.backupstream import CHUNK, StreamAttributes, StreamId
from cloche_hcs.layers.fileinfo import FileAttribute, pax_of
from cloche_hcs.layers.filetimes import EPOCH
from cloche_hcs.layers.pieces import readable
from cloche_hcs.layers.reparse import ReparsePoint
from cloche_hcs.layers.tarstream import forget_members
from cloche_hcs.layers.unpacking import EA_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloche_hcs.layers.backupstream import StreamHeader, StreamReader
    from cloche_hcs.layers.fileinfo import BasicInfo

__all__ = ["Packer"]

#: What says nothing that a layer would have to keep.
_LEFT_OUT = frozenset(
    {StreamId.LINK, StreamId.PROPERTY_DATA, StreamId.OBJECT_ID, StreamId.TXFS_DATA}
)
_SUFFIX = ":$DATA"


class Packer:
    """Writes one file, and behind it its alternate streams, into a tar file.

    Security descriptor, link and extended attributes are expected before the content, where
    Windows puts them. Extended attributes behind it have no place any more and are left out, as
    all do who write this format. Raises ImageError for streams that make no sense, NotSupported
    for what a tar file can't say.
    """

    def __init__(
        self,
        tar: tarfile.TarFile,
        name: str,
        info: BasicInfo,
        size: int,
        reader: StreamReader,
        original: IO[bytes] | None = None,
    ) -> None:
        self._tar = tar
        self._size = size
        #: Content to be written instead of that in the streams.
        self._original = original
        self._reader = reader
        self._streams = iter(reader)
        self._entry = _entry(name, info)
        self._pax = pax_of(info)
        self._entry.pax_headers = self._pax
        #: The stream that was reached and not yet used.
        self._header: StreamHeader | None = None

    def pack(self) -> None:
        """Write all of it."""
        self._describe()
        self._add(self._entry, self._content())
        while self._header is not None:
            self._add_alternate(self._header)
            self._step()

    def _add(self, entry: tarfile.TarInfo, content: Iterator[bytes]) -> None:
        with readable(content) as file:
            self._tar.addfile(entry, file)
            if file.read(1):
                raise ImageError(f"{entry.name}: it has more content than it says")
        forget_members(self._tar)

    def _step(self) -> None:
        """Go on to the next stream that matters."""
        for header in self._streams:
            if header.id not in _LEFT_OUT:
                self._header = header
                return
        self._header = None

    def _describe(self) -> None:
        """Take in what comes before the content."""
        self._step()
        while self._header is not None and self._is_metadata(self._header.id):
            self._step()

    def _is_metadata(self, id: int) -> bool:
        headers = self._pax
        if id == StreamId.SECURITY_DATA:
            headers["MSWINDOWS.rawsd"] = _encode(self._reader.read_all())
        elif id == StreamId.EA_DATA:
            found = attributes.unpack(self._reader.read_all())
            headers.update({EA_PREFIX + name: _encode(value) for name, value in found.items()})
        elif id == StreamId.REPARSE_DATA:
            self._link(ReparsePoint.unpack(self._reader.read_all()))
        else:
            return False
        return True

    def _link(self, point: ReparsePoint) -> None:
        self._entry.type = tarfile.SYMTYPE
        self._entry.linkname = point.target
        if point.mount_point:
            self._pax["MSWINDOWS.mountpoint"] = "1"

    def _content(self) -> Iterator[bytes]:
        """Set the entry's size, and return the content to come."""
        header, entry = self._header, self._entry
        if header is None or header.id != StreamId.DATA:
            return iter(())
        if header.attributes & StreamAttributes.SPARSE:
            entry.size = self._size
            return self._sparse()
        if self._original is not None:
            entry.size = os.fstat(self._original.fileno()).st_size
            return self._instead(self._original)
        entry.size = header.size
        if header.size and not entry.isreg():
            raise ImageError(f"{entry.name}: a directory or link with content")
        return self._plain()

    def _plain(self) -> Iterator[bytes]:
        while piece := self._reader.read():
            yield piece
        self._step()

    def _instead(self, original: IO[bytes]) -> Iterator[bytes]:
        while piece := original.read(CHUNK):
            yield piece
        self._step()

    def _sparse(self) -> Iterator[bytes]:
        end = 0
        self._step()
        while self._header is not None and self._header.id == StreamId.SPARSE_BLOCK:
            header = self._header
            if header.offset < end or header.offset + header.size > self._size:
                raise ImageError(f"{self._entry.name}: its sparse blocks make no sense")
            yield from _zeroes(header.offset - end)
            while piece := self._reader.read():
                yield piece
            end = header.offset + header.size
            self._step()
        yield from _zeroes(self._size - end)

    def _add_alternate(self, header: StreamHeader) -> None:
        name = self._entry.name
        if header.id == StreamId.EA_DATA:
            return
        if header.id != StreamId.ALTERNATE_DATA or not header.name.endswith(_SUFFIX):
            raise ImageError(f"{name}: a stream of the kind {header.id} behind the content")
        if header.attributes & StreamAttributes.SPARSE:
            raise NotSupported(f"{name}: a sparse alternate stream can't be in a tar file")
        alternate = tarfile.TarInfo(name + header.name.removesuffix(_SUFFIX))
        alternate.size, alternate.mtime = header.size, self._entry.mtime
        alternate.pax_headers = {"mtime": self._pax["mtime"]}
        self._add(alternate, iter(self._reader.read, b""))


def _entry(name: str, info: BasicInfo) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    directory = info.attributes & FileAttribute.DIRECTORY
    entry.type = tarfile.DIRTYPE if directory else tarfile.REGTYPE
    entry.mode = 0o755 if directory else 0o644
    entry.mtime = max(0, (info.write - EPOCH) // 10_000_000)
    return entry


def _zeroes(count: int) -> Iterator[bytes]:
    while count:
        piece = bytes(min(count, CHUNK))
        count -= len(piece)
        yield piece


def _encode(data: bytes) -> str:
    return b2a_base64(data, newline=False).decode()
