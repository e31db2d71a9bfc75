"""The entries of a tar file, one after the other into a layer."""

from __future__ import annotations

import tarfile
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Final

from cloche.errors import ImageError
from cloche_hcs.layers.fileinfo import info_of
from cloche_hcs.layers.mutated import ORIGINALS
from cloche_hcs.layers.names import layer_name, stream_name, whiteout
from cloche_hcs.layers.tarstream import entries
from cloche_hcs.layers.unpacking import alternate_stream, file_streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cloche_hcs.layers.fileinfo import BasicInfo
    from cloche_hcs.layers.streaming import ImportedLayer

__all__ = ["Unloader"]

_MEMORY: Final = 1 << 20


class Unloader:
    """Writes a tar file into a layer; what must be done when the layer is there is kept.

    Of each entry no more is held in memory than its name, for directories and links. Raises
    ImageError for what is not a proper Windows layer.
    """

    def __init__(self, layer: ImportedLayer, *, keep_originals: bool) -> None:
        self._layer = layer
        self._keep = keep_originals
        #: Directories and the times they are to have.
        self.directories: list[tuple[str, BasicInfo]] = []
        #: Hard links: their name, and that of the file they are.
        self.hard_links: list[tuple[str, str]] = []
        #: The content of files that Windows will change, by where it is to be kept.
        self.originals: dict[str, SpooledTemporaryFile[bytes]] = {}
        self._file: str | None = None
        self._links: set[str] = set()

    def unload(self, tar: tarfile.TarFile, go_on: Callable[[], None]) -> None:
        """Write all entries; ``go_on`` is asked before each."""
        for entry in entries(tar):
            go_on()
            stream = stream_name(entry.name, self._file)
            if stream is None:
                self._add(entry, tar)
            else:
                self._write(alternate_stream(stream, entry, _content(entry, tar)))

    def close(self) -> None:
        """Drop what was kept."""
        for original in self.originals.values():
            original.close()

    def _add(self, entry: tarfile.TarInfo, tar: tarfile.TarFile) -> None:
        self._file = None
        if (gone := whiteout(entry.name)) is not None:
            self._layer.remove(self._name(gone))
        elif entry.islnk():
            self.hard_links.append((self._name(entry.name), layer_name(entry.linkname)))
        else:
            self._add_file(entry, self._name(entry.name), tar)
            self._file = entry.name

    def _add_file(self, entry: tarfile.TarInfo, name: str, tar: tarfile.TarFile) -> None:
        info = info_of(entry)
        if entry.issym():
            self._links.add(name.casefold())
        elif entry.isdir():
            self.directories.append((name, info))
        self._layer.add(name, info)
        self._write(file_streams(entry, info, self._kept(name, _content(entry, tar))))

    def _write(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            self._layer.write(piece)

    def _name(self, name: str) -> str:
        """Return the layer's name for an entry; ImageError if links of this layer lead there."""
        proper = layer_name(name)
        components = proper.casefold().split("\\")
        for depth in range(1, len(components)):
            if "\\".join(components[:depth]) in self._links:
                raise ImageError(f"what is beneath a link can't be in a layer: {name}")
        return proper

    def _kept(self, name: str, read: Callable[[int], bytes]) -> Callable[[int], bytes]:
        """Copy what is read of a file that will be changed."""
        if not self._keep or name not in ORIGINALS:
            return read
        copy = SpooledTemporaryFile(_MEMORY)  # noqa: SIM115 - closed by close()
        self.originals[ORIGINALS[name]] = copy

        def reading(size: int) -> bytes:
            piece = read(size)
            copy.write(piece)
            return piece

        return reading


def _content(entry: tarfile.TarInfo, tar: tarfile.TarFile) -> Callable[[int], bytes]:
    """Give the function that reads an entry's content."""
    file = tar.extractfile(entry) if entry.isreg() else None

    def read(size: int) -> bytes:
        try:
            return file.read(size) if file is not None else b""
        except tarfile.TarError as error:
            raise ImageError(f"{entry.name}: the tar file is damaged: {error}") from error

    return read
